// Replaces the moving part of the page whenever the broker sends a new one, from the page's own
// address. A page that somebody works in (an open detail, a focused button, a marked row) is left
// alone until then.
'use strict';

const middle = document.getElementById('live');
const link = document.getElementById('link');

const isBusy = () =>
  middle.matches(':has(:focus:not(.wide))') ||
  middle.querySelector('details[open], input:checked') !== null;

const replace = (text) => {
  const places = [...middle.querySelectorAll('.wide')].map((one) => one.scrollLeft);
  middle.innerHTML = text;
  middle.querySelectorAll('.wide').forEach((one, at) => {
    one.scrollLeft = places[at] ?? 0;
  });
};

const follow = () => {
  const events = new EventSource(location.pathname + location.search);
  events.onmessage = (event) => {
    link.textContent = 'live';
    if (!isBusy()) {
      replace(event.data);
    }
  };
  events.onerror = () => {
    const isOver = events.readyState === EventSource.CLOSED;
    link.textContent = isOver ? 'not live, reload to see more' : 'no connection to the broker';
  };
  // One connection for each page that is looked at, not for those behind it.
  addEventListener('pagehide', () => events.close());
};

const markAll = document.getElementById('mark-all');
if (markAll) {
  markAll.hidden = false;
  markAll.addEventListener('click', () => {
    const boxes = [...document.querySelectorAll('input[name="id"]')];
    const mark = !boxes.every((box) => box.checked);
    boxes.forEach((box) => {
      box.checked = mark;
    });
  });
}

if (middle) {
  follow();
  addEventListener('pageshow', (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}
