// The width of an element, and the height below it, for drawings that fill their panel.
//
// Drawings are measured in pixels at scale 1, and are drawn larger by the scale that the person chose.

import { useEffect, useState } from 'preact/hooks';
import { scale } from './prefs.js';

/** Returns the width at scale 1 of the element that a ref holds, now and after each change; 0 before it is drawn. */
export function useWidth(element) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return width / scale.value;
}

/** Returns the height at scale 1 that the panel's view has below the top of an element; 0 before it is drawn. */
export function useRoomBelow(element) {
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const view = element.current.closest('.panel > .view');
    const measure = () => {
      const above = element.current.getBoundingClientRect().top - view.getBoundingClientRect().top + view.scrollTop;
      setRoom(view.clientHeight - above);
    };
    const observer = new ResizeObserver(() => { if (element.current !== null) measure(); });
    observer.observe(view);
    return () => observer.disconnect();
  }, []);
  return room / scale.value;
}

/** Returns a length as it is on the screen. */
export const scaled = (length) => length * scale.value;
