// The shop's pages work without this: it adds a keypad, sending that survives a bad connection, the time left to undo, a sound,
// and reading QR codes. Where a browser does not know a word of it, the plain page is left.
(() => {
  'use strict';
  const $ = (selector, root = document) => root.querySelector(selector);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // ---- sound, off unless somebody wanted it on this device
  const kept = (() => { try { return window.localStorage; } catch { return null; } })();
  const soundOn = () => kept !== null && kept.getItem('giftimbiz-sound') === 'on';
  let audio = null;
  const wake = () => {
    if (soundOn() && window.AudioContext) {
      audio = audio || new AudioContext();
      audio.resume();
    }
  };
  const tone = (pitch, from, until) => {
    const source = audio.createOscillator(), volume = audio.createGain();
    source.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, audio.currentTime + from);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + until);
    source.connect(volume).connect(audio.destination);
    source.start(audio.currentTime + from);
    source.stop(audio.currentTime + until);
  };
  const ring = () => {
    if (soundOn() && audio) {
      tone(880, 0, 0.18);
      tone(1320, 0.16, 0.5);
    }
  };

  // ---- a keypad of the page's own: large keys, and no keyboard that covers half of the screen
  const keypad = (input) => {
    const words = document.body.dataset, pad = document.createElement('div');
    const digits = () => input.inputMode === 'none';
    const show = (on) => {
      input.inputMode = on ? 'none' : 'text';
      pad.classList.toggle('folded', !on);
      pad.lastChild.textContent = on ? words.letters : words.digits;
    };
    const key = (label, name, press) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      if (name) button.setAttribute('aria-label', name);
      button.addEventListener('click', press);
      pad.append(button);
    };
    const type = (digit) => () => { if (input.value.length < input.maxLength) input.value += digit; };
    pad.className = 'keypad';
    for (const digit of '123456789') key(digit, '', type(digit));
    key('⌫', words.erase, () => { input.value = input.value.slice(0, -1); });
    key('0', '', type('0'));
    key(words.letters, '', () => { show(!digits()); if (!digits()) input.focus(); });
    input.after(pad);
    show(true);
  };

  // ---- sending: an answer that got lost is asked for again, which is safe
  const tries = [0, 700, 1500, 3000];
  const post = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    for (const pause of tries) {
      await wait(pause);
      try {
        const answer = await fetch(form.action, {method: 'POST', body, credentials: 'same-origin'});
        if (answer.status !== 502 && answer.status !== 503 && answer.status !== 504) return await answer.text();
      } catch { /* once more */ }
    }
    return null;
  };
  const replace = (html) => {
    const page = new DOMParser().parseFromString(html, 'text/html');
    document.title = page.title;
    document.documentElement.lang = page.documentElement.lang;
    document.body.replaceWith(page.body);
    window.scrollTo(0, 0);
    begin();
    if (document.body.classList.contains('done')) ring();
    const first = $('[aria-invalid]') || $('h1');
    if (first.tagName === 'H1') first.tabIndex = -1;
    first.focus({preventScroll: true});
  };
  const send = (form) => form.addEventListener('submit', async (event) => {
    event.preventDefault();
    wake();
    const button = $('[type=submit]', form), label = button.textContent;
    if (button.disabled) return;
    button.disabled = true;
    button.textContent = document.body.dataset.sending;
    const html = await post(form);
    if (html !== null) return replace(html);
    button.disabled = false;
    button.textContent = label;
    const said = $('.error', form) || document.createElement('p');
    said.className = 'error';
    said.setAttribute('role', 'alert');
    said.textContent = document.body.dataset.notSent;
    form.prepend(said);
  });

  // ---- the time left to undo
  const countDown = (form) => {
    const end = Date.now() + form.dataset.seconds * 1000, left = $('.left', form);
    const tick = () => {
      const seconds = Math.ceil((end - Date.now()) / 1000);
      if (!form.isConnected) return;
      if (seconds <= 0) { form.hidden = true; return; }
      left.textContent = '(' + seconds + left.dataset.unit + ')';
      setTimeout(tick, 250);
    };
    tick();
  };

  // ---- reading QR codes: by the browser where it can, else by jsQR, which is fetched only then
  const addressOf = (text) => {
    const found = /\/r\/([A-Za-z0-9_-]{24,200})(?:[?#]|$)/.exec(text);
    return found && '/r/' + found[1];
  };
  const load = (address) => new Promise((done, fail) => {
    const script = document.createElement('script');
    script.src = address;
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });
  const pixels = (source, width, height, most) => {
    const scale = Math.min(1, most / Math.max(width, height)), canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  let reading = null;
  const reader = (address) => {
    reading = reading || (async () => {
      if ('BarcodeDetector' in window) {
        try {
          if ((await BarcodeDetector.getSupportedFormats()).includes('qr_code')) {
            const detector = new BarcodeDetector({formats: ['qr_code']});
            return async (source) => ((await detector.detect(source))[0] || {}).rawValue;
          }
        } catch { /* it only seems to be there */ }
      }
      await load(address);
      return async (source, width, height, most) => {
        const picture = pixels(source, width, height, most);
        return (window.jsQR(picture.data, picture.width, picture.height) || {}).data;
      };
    })();
    reading.catch(() => { reading = null; });
    return reading;
  };
  const scanner = (box) => {
    const words = box.dataset, video = $('video', box), say = $('.say', box);
    const start = $('.start', box), stop = $('.stop', box), photo = $('#photo', box);
    let stream = null;
    const end = () => {
      if (stream) for (const track of stream.getTracks()) track.stop();
      stream = null;
      video.srcObject = null;
      stop.hidden = true;
      start.hidden = start.disabled = false;
    };
    const open = (text) => {
      const address = addressOf(text);
      if (!address) { say.textContent = words.notACoupon; return false; }
      end();
      location.assign(address);
      return true;
    };
    const look = async (read) => {
      while (stream) {
        if (video.readyState >= 2 && !document.hidden) {
          const text = await read(video, video.videoWidth, video.videoHeight, 800).catch(() => '');
          if (text && stream && open(text)) return;
        }
        await wait(120);
      }
    };
    // The page before may not have let go of the camera yet.
    const film = async (again) => {
      try {
        return await navigator.mediaDevices.getUserMedia({audio: false, video: {facingMode: 'environment', width: {ideal: 1280}}});
      } catch (fault) {
        if (again === 0 || fault.name === 'NotAllowedError' || fault.name === 'NotFoundError') throw fault;
        await wait(500);
        return film(again - 1);
      }
    };
    const begin = async () => {
      if (stream || start.disabled) return;
      start.disabled = true;
      try {
        stream = await film(5);
        video.srcObject = stream;
        start.hidden = true;
        stop.hidden = false;
        say.textContent = words.scanning;
        await video.play();
        look(await reader(words.jsqr));
      } catch {
        end();
        say.textContent = words.noCamera;
      }
    };
    const readPhoto = async () => {
      const file = photo.files[0];
      if (!file) return;
      say.textContent = '';
      try {
        const read = await reader(words.jsqr), picture = await createImageBitmap(file);
        for (const most of [1000, 1800, 500]) {
          const text = await read(picture, picture.width, picture.height, most);
          if (text) { open(text); return; }
        }
      } catch { /* told below */ }
      say.textContent = words.noCode;
      photo.value = '';
    };
    box.hidden = false;
    start.addEventListener('click', begin);
    stop.addEventListener('click', end);
    photo.addEventListener('change', readPhoto);
    window.addEventListener('pagehide', end);
    if (!navigator.mediaDevices) { start.hidden = true; say.textContent = words.noCamera; return; }
    if (navigator.permissions) {
      navigator.permissions.query({name: 'camera'}).then((p) => { if (p.state === 'granted') begin(); }, () => {});
    }
  };

  const begin = () => {
    const code = $('#code');
    if (code) keypad(code);
    for (const form of document.querySelectorAll('form[data-send]')) send(form);
    const undo = $('form[data-seconds]');
    if (undo) countDown(undo);
    const box = $('#scanner'), options = $('#options');
    if (box) scanner(box);
    if (options && kept) {
      const sound = $('#sound');
      options.hidden = false;
      sound.checked = soundOn();
      sound.addEventListener('change', () => {
        kept.setItem('giftimbiz-sound', sound.checked ? 'on' : 'off');
        wake();
        ring();
      });
    }
  };
  if (window.fetch && window.URLSearchParams && window.DOMParser) begin();
})();
