// What pages do beyond htmx. Everything works without it.
'use strict';
(() => {
  // Parts of a page that renew themselves do so while somebody looks, and not under the hands of who works in them.
  document.addEventListener('htmx:beforeRequest', (event) => {
    const part = event.target;
    if (!(part.getAttribute('hx-trigger') || '').startsWith('every')) return;
    if (document.hidden || part.contains(document.activeElement)) event.preventDefault();
  });
  // What was scrolled in a part stays where it is when the part is renewed.
  const tables = (part) => Array.from(part.querySelectorAll('.scroll'));
  let kept = [];
  document.addEventListener('htmx:beforeSwap', (event) => {
    kept = tables(event.detail.target).map((el) => [el.scrollLeft, el.scrollTop]);
  });
  document.addEventListener('htmx:afterSwap', (event) => {
    tables(event.detail.target).forEach((el, i) => {
      if (kept[i]) [el.scrollLeft, el.scrollTop] = kept[i];
    });
  });
})();
