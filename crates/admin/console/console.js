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

let events = null;
let failures = 0;

const follow = () => {
  events = new EventSource(location.pathname + location.search);
  events.onmessage = (event) => {
    failures = 0;
    link.textContent = 'live';
    if (!isBusy()) {
      replace(event.data);
    }
  };
  events.onerror = () => {
    failures += 1;
    if (events.readyState === EventSource.CLOSED) {
      link.textContent = 'not live, reload to see more';
    } else if (failures > 1) {
      // The first one is the broker's: it ends each connection after a while.
      link.textContent = 'no connection to the broker';
    }
  };
};

const leave = () => {
  events?.close();
  events = null;
};

// A browser has few connections to one host, so only a page that is seen has one.
const look = () => {
  if (document.hidden) {
    leave();
  } else if (events === null) {
    follow();
  }
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
  look();
  document.addEventListener('visibilitychange', look);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', (event) => {
    if (event.persisted) {
      location.reload();
    }
  });
}
