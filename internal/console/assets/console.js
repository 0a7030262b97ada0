// What pages do beyond htmx. Everything works without it.
'use strict';

// Buttons that copy the text of an element: data-copy has its id. Without this they stay hidden, and the text can be selected.
function copy(element) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(element.textContent);
  }
  getSelection().selectAllChildren(element); // pages that are not https have no clipboard
  return document.execCommand('copy') ? Promise.resolve() : Promise.reject();
}
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    copy(document.getElementById(button.dataset.copy)).then(() => {
      button.querySelector('.done').textContent = ' ✓';
    }, () => getSelection().selectAllChildren(document.getElementById(button.dataset.copy)));
  });
}
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
// A file that the server would refuse for its size is not sent.
document.addEventListener('change', (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.dataset.most) return;
  const large = Array.from(input.files).some((file) => file.size > Number(input.dataset.most));
  input.setCustomValidity(large ? input.dataset.tooLarge : '');
  input.reportValidity();
});
