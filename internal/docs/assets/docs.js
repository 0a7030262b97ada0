// What pages do beyond being read: tabs, copy buttons, and the reader's keys. Borrowed ones stay in the browser while they are the
// reader's; those that the reader has may be a live partner's, and stay in this tab.
const keysAt = 'giftimbiz-keys';
const langAt = 'giftimbiz-lang';
const lentFor = 24 * 60 * 60 * 1000;

function stored(place, name) {
  try { return JSON.parse(window[place].getItem(name)); } catch { return null; }
}

function store(place, name, value) {
  try {
    if (value === null) window[place].removeItem(name);
    else window[place].setItem(name, JSON.stringify(value));
  } catch { /* a browser that keeps nothing: the keys are good for this page */ }
}

function keptKeys() {
  const own = stored('sessionStorage', keysAt);
  if (own) return own;
  const lent = stored('localStorage', keysAt);
  return lent?.lent && Date.now() - lent.lent < lentFor ? lent : null;
}

// Keys tell pages when they change: the page that tries the API waits for it.
const docs = { keys: keptKeys(), listeners: [] };
window.giftimbizDocs = docs;

docs.keep = (keys) => {
  docs.keys = keys;
  store('sessionStorage', keysAt, keys?.lent ? null : keys);
  if (!keys || keys.lent) store('localStorage', keysAt, keys);
  showKeys();
};

docs.use = (keys) => {
  docs.keep(keys);
  for (const listener of docs.listeners) listener(keys);
};

function showKeys() {
  const keys = docs.keys;
  for (const slot of document.querySelectorAll('[data-key]')) {
    slot.dataset.was ??= slot.textContent;
    const value = keys?.[slot.dataset.key];
    slot.textContent = value || slot.dataset.was;
    slot.classList.toggle('filled', Boolean(value));
  }
  for (const panel of document.querySelectorAll('[data-keys]')) {
    say(panel, keys ? `${panel.dataset.are} ${keys.partner_id}` : '', false);
    panel.querySelector('[data-forget]').hidden = !keys;
  }
}

function say(panel, text, bad) {
  const state = panel.querySelector('[data-state]');
  state.textContent = text;
  state.classList.toggle('bad', bad);
}

function refusal(panel, response) {
  const text = { 429: panel.dataset.busy, 503: panel.dataset.none }[response.status] ?? panel.dataset.failed;
  return text.replace('{minutes}', String(Math.ceil(Number(response.headers.get('Retry-After')) / 60)));
}

async function borrow(panel, button) {
  button.disabled = true;
  try {
    const response = await fetch('/docs/sandbox', { method: 'POST' });
    if (response.ok) docs.use({ ...await response.json(), at: Date.now(), lent: Date.now() });
    else say(panel, refusal(panel, response), true);
  } catch {
    say(panel, panel.dataset.failed, true);
  } finally {
    button.disabled = false;
  }
}

function watchPanel(panel) {
  panel.querySelector('[data-borrow]')?.addEventListener('submit', (event) => {
    event.preventDefault();
    borrow(panel, event.target.querySelector('button'));
  });
  panel.querySelector('[data-paste]').addEventListener('submit', (event) => {
    event.preventDefault();
    const keys = {};
    for (const [name, value] of new FormData(event.target)) keys[name] = value.trim();
    event.target.reset();
    event.target.closest('details').open = false;
    docs.use(keys);
  });
  panel.querySelector('[data-forget]').addEventListener('click', () => docs.use(null));
}

// copy works on servers without TLS, too, where browsers have no clipboard for pages.
async function copy(code) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(code.textContent);
    return;
  }
  getSelection().selectAllChildren(code);
  document.execCommand('copy');
}

function addCopy(figure) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = document.body.dataset.copy;
  button.addEventListener('click', async () => {
    await copy(figure.querySelector('code'));
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.textContent = document.body.dataset.copy; }, 1500);
  });
  figure.append(button);
}

// All groups of tabs show the same language.
const groups = [];

function show(lang) {
  store('sessionStorage', langAt, lang);
  for (const { list, figures } of groups) {
    const chosen = figures.find((f) => f.dataset.lang === lang) ?? figures[0];
    figures.forEach((figure, i) => {
      figure.hidden = figure !== chosen;
      list.children[i].setAttribute('aria-selected', String(figure === chosen));
      list.children[i].tabIndex = figure === chosen ? 0 : -1;
    });
  }
}

function addTabs(group, number) {
  const figures = [...group.querySelectorAll('.code')];
  const list = document.createElement('div');
  list.className = 'tablist';
  list.setAttribute('role', 'tablist');
  figures.forEach((figure, i) => {
    const tab = document.createElement('button');
    const name = figure.querySelector('figcaption').textContent;
    tab.type = 'button';
    tab.textContent = name;
    tab.id = `tab-${number}-${i}`;
    figure.id = `panel-${number}-${i}`;
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', figure.id);
    figure.setAttribute('role', 'tabpanel');
    figure.setAttribute('aria-labelledby', tab.id);
    tab.addEventListener('click', () => show(figure.dataset.lang));
    list.append(tab);
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...list.children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  group.prepend(list);
  group.classList.add('on');
  groups.push({ list, figures });
}

document.body.classList.add('scripted');
document.querySelectorAll('[data-keys]').forEach(watchPanel);
document.querySelectorAll('.code').forEach(addCopy);
document.querySelectorAll('.tabs').forEach(addTabs);
show(stored('sessionStorage', langAt) ?? 'php');
showKeys();
