// Replaces the middle of the page whenever the broker sends a new one.
// A page that somebody works in (an open detail, a focused button) is left alone until then.
'use strict';

const middle = document.getElementById('live');
const link = document.getElementById('link');
const events = new EventSource('/admin/live');

events.onmessage = (event) => {
  link.textContent = '';
  const busy = middle.contains(document.activeElement) || middle.querySelector('details[open]');
  if (!busy) {
    middle.innerHTML = event.data;
  }
};
events.onerror = () => {
  link.textContent = '- no connection to the broker';
};
