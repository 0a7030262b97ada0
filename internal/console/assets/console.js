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
