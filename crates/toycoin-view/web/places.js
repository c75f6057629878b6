// Where the nodes of the ring stand: on an ellipse, the same way apart along its line.

export const WIDTH = 600;
export const HEIGHT = 350;
export const HUB = { x: WIDTH / 2, y: HEIGHT / 2 };

const STEPS = 2_880;
const known = new Map();

/** The radius of a node, when there are so many. */
export const radiusOf = (amount) => (amount <= 8 ? 29 : amount <= 16 ? 20 : 13);

/** Returns the places of so many nodes, clockwise from the top: `{x, y, dx, dy}`, with the way outward. */
export function placesOf(amount) {
  if (!known.has(amount)) known.set(amount, compute(amount));
  return known.get(amount);
}

function compute(amount) {
  const [rx, ry] = amount > 12 ? [234, 126] : [205, 110];
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
    return { x: HUB.x + x, y: HUB.y + y, dx: x / far, dy: y / far };
  });
}

/** Returns walls, as paths from the relay outward, between neighbours that are in different groups. */
export function wallsOf(groups, places) {
  if (groups.length === 0 || places.length < 2) return [];
  const groupOf = (node) => groups.findIndex((group) => group.includes(node));
  return places.flatMap((place, node) => {
    const next = (node + 1) % places.length;
    if (groupOf(node) === groupOf(next)) return [];
    return [{ key: `wall${node}`, d: wall(place, places[next], places.length) }];
  });
}

function wall(a, b, amount) {
  let [dx, dy] = [(a.x + b.x) / 2 - HUB.x, (a.y + b.y) / 2 - HUB.y];
  // two nodes face each other: the wall stands between them
  if (amount === 2) [dx, dy] = [a.y - b.y, b.x - a.x];
  const length = Math.hypot(dx, dy) || 1;
  [dx, dy] = [dx / length, dy / length];
  const far = Math.min((0.485 * WIDTH) / Math.abs(dx), (0.475 * HEIGHT) / Math.abs(dy));
  return `M${HUB.x} ${HUB.y}L${HUB.x + dx * far} ${HUB.y + dy * far}`;
}
