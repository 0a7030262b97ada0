// Draws the dashboard's charts and renews them while the page is looked at. The figures above them are renewed by htmx.
'use strict';
(() => {
  const place = document.getElementById('charts');
  if (!place || !window.uPlot) return;
  const words = place.dataset;
  const korean = document.documentElement.lang === 'ko';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const drawn = {};

  const won = (n) => n == null || n < 0 ? '–' : korean ? n.toLocaleString('ko-KR') + '원' : '₩' + n.toLocaleString('en');
  // Axes have little room: 1.2M, 120만.
  const short = (n) => new Intl.NumberFormat(korean ? 'ko-KR' : 'en', {notation: 'compact', maximumFractionDigits: 1}).format(n);
  const day = (s) => new Date(s * 1000).toLocaleDateString(korean ? 'ko-KR' : 'en', {timeZone: 'Asia/Seoul', month: 'numeric', day: 'numeric'});
  const known = (list) => list.map((n) => n < 0 ? null : n);
  const ink = () => dark.matches
    ? {text: '#c2c7d0', grid: '#2a3140', now: '#6cb6ff', was: '#9aa3b2', fill: 'rgba(108,182,255,.25)'}
    : {text: '#40474f', grid: '#e3e6ea', now: '#0b62b8', was: '#6b7480', fill: 'rgba(11,98,184,.18)'};

  const size = (el) => ({width: Math.max(el.clientWidth, 200), height: 220});
  const axes = (c, x) => [
    {stroke: c.text, grid: {show: false}, ticks: {stroke: c.grid}, ...x},
    {stroke: c.text, grid: {stroke: c.grid}, ticks: {stroke: c.grid}, size: 64, values: (u, v) => v.map(short)},
  ];
  const upward = {y: {range: (u, min, max) => [0, max > 0 ? max * 1.05 : 1]}};

  function hours(c, el) {
    return {
      ...size(el), scales: {x: {time: false, range: [0, 24]}, ...upward}, axes: axes(c, {incrs: [3, 6]}),
      series: [
        {label: words.hour, value: (u, v) => v == null ? '–' : String(v)},
        {label: words.today, stroke: c.now, width: 2, fill: c.fill, value: (u, v) => won(v), points: {show: true, size: 5}},
        {label: words.lastWeek, stroke: c.was, width: 2, dash: [6, 4], value: (u, v) => won(v), spanGaps: true},
      ],
    };
  }

  function days(c, el) {
    return {
      ...size(el), scales: {x: {time: true, range: (u, min, max) => [min - 43200, max + 43200]}, ...upward},
      axes: axes(c, {values: (u, v) => v.map(day), incrs: [86400, 2 * 86400, 7 * 86400]}),
      series: [
        {label: words.day, value: (u, v) => v == null ? '–' : day(v)},
        {label: words.sales, stroke: c.now, fill: c.fill, width: 1, value: (u, v) => won(v),
          paths: uPlot.paths.bars({size: [.7, 40]}), points: {show: false}},
      ],
    };
  }

  function show(id, make, data) {
    const el = document.getElementById(id);
    if (drawn[id]) { drawn[id].setData(data); return; }
    drawn[id] = new uPlot(make(ink(), el), data, el);
  }

  let last;
  function draw() {
    place.hidden = false; // before they are measured
    show('hours', hours, [Array.from({length: 24}, (_, h) => h + 1), known(last.today), known(last.lastWeek)]);
    show('days', days, [last.days, last.spent]);
  }

  async function renew() {
    if (document.hidden) return;
    try {
      const answer = await fetch(words.url, {credentials: 'same-origin', headers: {Accept: 'application/json'}});
      if (answer.redirected) { location.reload(); return; } // signed out
      if (!answer.ok) return; // the next one may work
      last = await answer.json();
    } catch { return; }
    draw();
  }

  function redraw() {
    for (const id of Object.keys(drawn)) { drawn[id].destroy(); delete drawn[id]; }
    if (last) draw();
  }

  dark.addEventListener('change', redraw);
  window.addEventListener('resize', () => {
    for (const id of Object.keys(drawn)) drawn[id].setSize(size(document.getElementById(id)));
  });
  document.addEventListener('visibilitychange', renew);
  setInterval(renew, 15000);
  renew();
})();
