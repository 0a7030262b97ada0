// What a page does by itself. Everything that can be bought can be bought without it.
"use strict";

// Live: the server tells the version of what this customer sees. A page that shows another one fetches itself anew.
const shown = () => Number(document.body.dataset.version);
let fetching = false, wanted = 0;

async function refresh(version) {
  wanted = version;
  if (fetching || wanted === shown()) return;
  fetching = true;
  try {
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}, cache: "no-store"});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const change = () => swap(page);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (document.startViewTransition && !still && document.visibilityState === "visible") await document.startViewTransition(change).updateCallbackDone;
    else change();
  } catch {
    // The next message, at the latest after a reconnection, tries again.
  } finally {
    fetching = false;
  }
  if (wanted > shown()) refresh(wanted);
}

function swap(page) {
  if (!page.body.dataset.version) return;
  const main = document.querySelector("main[data-swap]"), next = page.querySelector("main[data-swap]");
  document.querySelector("#points").replaceWith(page.querySelector("#points"));
  document.body.dataset.version = page.body.dataset.version;
  if (main && next) {
    main.replaceWith(next);
    document.title = page.title;
    begin(next);
  }
  const before = document.querySelector("#news"), news = page.querySelector("#news");
  if (Number(news.dataset.id) > Number(before.dataset.id)) say(news.content.textContent);
  before.replaceWith(news);
}

function listen() {
  const source = new EventSource(document.body.dataset.live);
  source.onmessage = message => refresh(Number(message.data));
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return; // it comes again by itself
    setTimeout(listen, 3000);
  };
  addEventListener("pagehide", () => source.close(), {once: true});
}

let quiet;
function say(text) {
  const line = document.querySelector("#say");
  line.textContent = text;
  line.classList.add("up");
  clearTimeout(quiet);
  quiet = setTimeout(() => line.classList.remove("up"), 6000);
}

// A price that is held: how long yet.
function countDown(hold) {
  const end = performance.now() + 1000 * Number(hold.dataset.left);
  const ring = hold.querySelector(".run"), number = hold.querySelector("b"), hint = document.querySelector("[data-over]");
  const show = () => {
    const left = Math.max(0, (end - performance.now()) / 1000);
    ring.style.strokeDashoffset = 60 - Math.min(60, left);
    number.textContent = Math.ceil(left);
    hold.classList.toggle("late", left < 10);
    if (left > 0) requestAnimationFrame(show);
    else hint.textContent = hint.dataset.over;
  };
  show();
}

async function give(link) {
  const data = {title: link.dataset.title, url: link.href};
  if (navigator.share && matchMedia("(pointer: coarse)").matches) return navigator.share(data).catch(() => {});
  await navigator.clipboard.writeText(link.href);
  say(document.querySelector("#say").dataset.given);
}

// begin makes a part of the page do what it does by itself.
function begin(part) {
  part.querySelectorAll("[data-left]").forEach(countDown);
  if (!navigator.clipboard) return; // not over plain http elsewhere than here
  part.querySelectorAll("[data-copy]").forEach(button => {
    button.hidden = false;
    button.onclick = async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(document.querySelector("#say").dataset.copied);
    };
  });
  part.querySelectorAll("[data-give]").forEach(link => {
    link.textContent = link.dataset.give;
    link.onclick = event => {
      event.preventDefault();
      give(link);
    };
  });
}

// One tap is enough: the second finds the button busy. (The shop would not buy twice either.)
addEventListener("submit", event => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "1";
  event.submitter?.classList.add("busy");
});
addEventListener("pageshow", event => {
  if (event.persisted) location.reload(); // from the browser's memory: it may be old
});

begin(document);
if (document.body.dataset.live) listen();
