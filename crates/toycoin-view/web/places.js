// Where the nodes of the ring stand: on an ellipse round the relay, the same way apart along its line. The relay is at
// the origin.

const WIDE = { width: 600, height: 350, few: [195, 110], many: [234, 126] };
const NARROW = { width: 430, height: 386, few: [112, 126], many: [155, 148] };
/** From so many nodes on they stand further out. */
const MANY = 17;

/** Room between the outermost labels and the end of the drawing. */
const EDGE = 6;
const LEAST_HEIGHT = 240;

const STEPS = 2_880;
const known = new Map();

/** The radius of a node, when there are so many. */
export const radiusOf = (amount) => (amount <= 8 ? 29 : amount <= 16 ? 20 : 14);

/** The size of the label beside a node, when there are so many, and of the miner's strip in it. */
export function labelOf(amount) {
  if (amount <= 8) return { w: 66, h: 29, strip: 24 };
  return amount <= 16 ? { w: 58, h: 25, strip: 20 } : { w: 36, h: 17, strip: 0 };
}

/** How far from its node the middle of a label is, on the way outward. */
export function labelDistance({ dx, dy }, amount) {
  const { w, h } = labelOf(amount);
  return radiusOf(amount) + 6 + (Math.abs(dx) * w + Math.abs(dy) * h) / 2;
}

/** Returns the size of the drawing of so many nodes, for a wide or a narrow page: no larger than it must be. */
export function sizeOf(isNarrow, amount) {
  const most = isNarrow ? NARROW : WIDE;
  const { w, h } = labelOf(amount);
  const places = placesOf(amount, isNarrow);
  const half = (axis, way, size) => Math.max(0, ...places.map((place) =>
    Math.abs(place[axis]) + Math.abs(place[way]) * labelDistance(place, amount) + size / 2)) + EDGE;
  return {
    width: Math.min(most.width, 2 * half('x', 'dx', w)),
    height: Math.min(most.height, Math.max(LEAST_HEIGHT, 2 * half('y', 'dy', h))),
  };
}

/** Returns the places of so many nodes, clockwise from the top: `{x, y, dx, dy}`, with the way outward. */
export function placesOf(amount, isNarrow) {
  const key = `${amount} ${isNarrow}`;
  if (!known.has(key)) known.set(key, compute(amount, isNarrow ? NARROW : WIDE));
  return known.get(key);
}

function compute(amount, size) {
  const [rx, ry] = amount < MANY ? size.few : size.many;
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    const angle = (step / STEPS) * 2 * Math.PI - Math.PI / 2;
    return { x: rx * Math.cos(angle), y: ry * Math.sin(angle) };
  });
  const walked = [0];
  for (let at = 1; at <= STEPS; at += 1) {
    walked.push(walked[at - 1] + Math.hypot(points[at].x - points[at - 1].x, points[at].y - points[at - 1].y));
  }
  return Array.from({ length: amount }, (_, node) => {
    const wanted = ((node + 0.5) / amount) * walked[STEPS];
    const { x, y } = points[walked.findIndex((way) => way >= wanted)];
    const far = Math.hypot(x, y);
    return { x, y, dx: x / far, dy: y / far };
  });
}

/** Returns walls, as paths from the relay outward, between neighbours that are in different groups. */
export function wallsOf(groups, places, isNarrow) {
  if (groups.length === 0 || places.length < 2) return [];
  const size = sizeOf(isNarrow, places.length);
  const groupOf = (node) => groups.findIndex((group) => group.includes(node));
  return places.flatMap((place, node) => {
    const next = (node + 1) % places.length;
    if (groupOf(node) === groupOf(next)) return [];
    return [{ key: `wall${node}`, d: wall(place, places[next], places.length, size) }];
  });
}

function wall(a, b, amount, { width, height }) {
  let [dx, dy] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  // two nodes face each other: the wall stands between them
  if (amount === 2) [dx, dy] = [a.y - b.y, b.x - a.x];
  const length = Math.hypot(dx, dy) || 1;
  [dx, dy] = [dx / length, dy / length];
  const far = Math.min((0.485 * width) / Math.abs(dx), (0.475 * height) / Math.abs(dy));
  return `M0 0L${dx * far} ${dy * far}`;
}
