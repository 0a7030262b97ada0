// What pages do beyond htmx. Everything works without it.
'use strict';

// A file that the server would refuse for its size is not sent.
document.addEventListener('change', (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.dataset.most) return;
  const large = Array.from(input.files).some((file) => file.size > Number(input.dataset.most));
  input.setCustomValidity(large ? input.dataset.tooLarge : '');
  input.reportValidity();
});
