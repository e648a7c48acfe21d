// Values of plots under the pointer, and by arrow keys where a plot has the focus.
"use strict";
for (const plot of document.querySelectorAll(".plot")) {
  const data = JSON.parse(plot.querySelector("script").textContent);
  const [frame, cursor, tip] = [".frame", ".cursor", ".tip"].map((name) => plot.querySelector(name));
  const places = [...new Set(data.series.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  // By line, where it is at each place.
  const values = data.series.map((line) => new Map(line.points));
  const dots = data.series.map((line) => {
    const dot = document.createElement("div");
    dot.className = "dot " + line.colour;
    dot.hidden = true;
    frame.append(dot);
    return dot;
  });
  let shown = -1;

  const fraction = (value, [low, high], logarithmic) =>
    logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const text = (value) =>
    data.unit === "percent" ? (100 * value).toFixed(2) + "%" : String(Number(value.toPrecision(6)));

  const hide = () => {
    shown = -1;
    for (const element of [cursor, tip, ...dots]) element.hidden = true;
  };

  const show = (number) => {
    shown = Math.min(Math.max(number, 0), places.length - 1);
    const place = places[shown];
    const left = fraction(place, data.x, false);
    cursor.style.left = 100 * left + "%";
    tip.style.left = left < 0.5 ? `calc(${100 * left}% + .8rem)` : "auto";
    tip.style.right = left < 0.5 ? "auto" : `calc(${100 * (1 - left)}% + .8rem)`;
    const head = document.createElement("div");
    head.textContent = `${data.axis} ${Number(place.toFixed(2))}`;
    const lines = [];
    values.forEach((line, index) => {
      const value = line.get(place);
      dots[index].hidden = value === undefined;
      if (value === undefined) return;
      dots[index].style.left = 100 * left + "%";
      dots[index].style.bottom = 100 * fraction(value, data.y, data.logarithmic) + "%";
      const row = document.createElement("b");
      row.className = data.series[index].colour;
      const figure = document.createElement("i");
      figure.textContent = `${data.series[index].name} ${text(value)}`;
      // As the log has it.
      figure.dataset.value = value;
      row.append(figure);
      lines.push(row);
    });
    tip.replaceChildren(head, ...lines);
    cursor.hidden = tip.hidden = false;
  };

  // The nearest place; within some pixels one at which most lines have a value, as at the end of an epoch.
  const nearest = (event) => {
    const box = frame.getBoundingClientRect();
    const distance = (place) => Math.abs(box.left + fraction(place, data.x, false) * box.width - event.clientX);
    const lines = (place) => values.filter((line) => line.has(place)).length;
    const near = places.filter((place) => distance(place) < 12);
    const among = near.length > 0 ? near : places;
    const most = near.length > 0 ? Math.max(...near.map(lines)) : 0;
    const wanted = among.filter((place) => lines(place) >= most);
    return places.indexOf(wanted.reduce((best, place) => (distance(place) < distance(best) ? place : best)));
  };

  for (const name of ["pointermove", "pointerdown"]) frame.addEventListener(name, (event) => show(nearest(event)));
  frame.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: places.length - 1 }[event.key];
    if (event.key === "Escape") hide();
    if (step === undefined || event.target !== plot) return;
    event.preventDefault();
    show(step);
  });
}
