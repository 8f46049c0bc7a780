// The stepper: shows one moment of the backward pass at a time.
// Runs once, right after the element that holds the picture; fetches nothing.
(function () {
  "use strict";
  var script = document.currentScript;
  var box = script && script.closest("[data-sentences]");
  var image = box && box.querySelector("img");
  if (!image) return;
  var bytes = Uint8Array.from(atob(image.src.split(",")[1]), function (c) { return c.charCodeAt(0); });
  var parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
  if (parsed.documentElement.nodeName !== "svg") return;
  var svg = document.importNode(parsed.documentElement, true);
  var sentences = JSON.parse(box.getAttribute("data-sentences"));
  var last = sentences.length - 1;
  var still = window.matchMedia && matchMedia("(prefers-reduced-motion: reduce)").matches;
  var now = 0, timer = null;

  // The sentence stands in a line of its own, so the picture needs none above it.
  var head = parseFloat(svg.querySelector(".play").getAttribute("data-head"));
  var view = svg.getAttribute("viewBox").split(" ").map(Number);
  svg.setAttribute("viewBox", [view[0], view[1] + head, view[2], view[3] - head].join(" "));
  svg.setAttribute("height", view[3] - head);
  svg.querySelectorAll(".c").forEach(function (each) { each.remove(); });
  svg.style.cssText = image.style.cssText + ";height:auto;display:block";
  image.replaceWith(svg);

  var covers = svg.querySelectorAll("[data-from]");
  covers.forEach(function (each) { each.style.animation = "none"; });
  var beads = svg.querySelectorAll(".d");
  beads.forEach(function (each) { each.style.animation = "none"; });

  function add(parent, kind, name, style, text) {
    var made = document.createElement(kind);
    made.className = name;
    made.style.cssText = style;
    if (text) made.textContent = text;
    parent.appendChild(made);
    return made;
  }
  var controls = document.createElement("div");
  box.insertBefore(controls, svg);
  var bar = add(controls, "div", "bar", "display:flex;gap:6px;align-items:center");
  var back = add(bar, "button", "back", BUTTON_STYLE, "\u2039 previous");
  var next = add(bar, "button", "next", BUTTON_STYLE, "next \u203A");
  var playing = add(bar, "button", "go", BUTTON_STYLE);
  [back, next, playing].forEach(function (each) { each.type = "button"; });
  var slider = add(bar, "input", "where", "width:min(420px,40%)");
  slider.type = "range";
  slider.min = 0;
  slider.max = last;
  slider.setAttribute("aria-label", "step");
  var line = add(controls, "div", "line", LINE_STYLE);
  line.setAttribute("role", "status");
  line.setAttribute("aria-live", "polite");

  function show(moment) {
    now = Math.max(0, Math.min(last, moment));
    covers.forEach(function (each) {
      var inside = Math.floor(each.getAttribute("data-from")) <= now &&
        now < Math.floor(each.getAttribute("data-to"));
      each.style.opacity = inside === each.classList.contains("o") ? 1 : 0;
    });
    beads.forEach(function (each) {
      var shown = each.closest(".o").style.opacity === "1";
      if (!shown || still || !each.animate) return;
      each.animate([{ strokeDashoffset: -100 }, { strokeDashoffset: 0 }], { duration: 700, easing: "ease-in-out" });
    });
    slider.value = now;
    slider.setAttribute("aria-valuetext", sentences[now]);
    line.textContent = now + " / " + last + "   " + sentences[now];
    if (now === last) stop();
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    playing.textContent = "\u25B6 play";
  }
  function play() {
    if (timer) return stop();
    if (now === last) show(0);
    timer = setInterval(function () { show(now + 1); }, 1300);
    playing.textContent = "\u25A0 stop";
  }
  function step(by) {
    return function () { stop(); show(now + by); };
  }
  back.onclick = step(-1);
  next.onclick = step(1);
  playing.onclick = play;
  slider.oninput = function () { stop(); show(+slider.value); };
  var keys = { ArrowLeft: step(-1), ArrowRight: step(1), Home: step(-Infinity), End: step(Infinity) };
  box.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.nodeName === "BUTTON") return event.stopPropagation();
    var act = event.key === " " ? play : keys[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
    event.stopPropagation(); // a notebook would move on to the next cell
  });
  stop();
  show(0);
})();
