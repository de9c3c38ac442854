import type { NetworkMap, NetworkSite } from "../network_map.ts";

export interface Point {
  x: number;
  y: number;
}

/** A box of the picture: a site, or the address that a link leads to without getting there. */
export interface Box {
  centre: Point;
  site?: NetworkSite;
  address: string;
}

export const boxWidth = 184;
export const boxHeight = 60;

/** Room between columns for links and their names, between rows, and around it all. */
const columnGap = 190;
const rowGap = 64;
const margin = 36;

/**
 * Places the boxes in columns: the site that was asked first, then what it is linked to, then what
 * that is linked to. What no link leads to is in the last one.
 */
export function layOut(
  { sites, links }: NetworkMap,
): { boxes: Map<string, Box>; width: number; height: number } {
  const columns: string[][] = [];
  const column = new Map<string, number>();
  const put = (key: string, index: number) => {
    column.set(key, index);
    (columns[index] ??= []).push(key);
  };
  const first = sites.find(({ here }) => here) ?? sites[0];
  if (first !== undefined) put(first.key, 0);
  for (let index = 0; index < columns.length; index++) {
    for (const key of columns[index]!) {
      for (const { from, to } of links) {
        const other = from === key ? to : to === key ? from : undefined;
        if (other !== undefined && !column.has(other)) put(other, index + 1);
      }
    }
  }
  const apart = sites.filter(({ key }) => !column.has(key));
  const last = columns.length;
  for (const { key } of apart) put(key, last);
  links.forEach(({ from, to }, index) => {
    if (to === undefined) put(`link ${index}`, (column.get(from) ?? 0) + 1);
  });
  const filled = Array.from(columns, (keys) => keys ?? []);
  const tallest = Math.max(1, ...filled.map(({ length }) => length));
  const step = boxHeight + rowGap;
  const boxes = new Map<string, Box>();
  filled.forEach((keys, x) =>
    keys.forEach((key, y) => {
      const site = sites.find((each) => each.key === key);
      const link = /^link (\d+)$/.exec(key)?.[1];
      boxes.set(key, {
        centre: {
          x: margin + boxWidth / 2 + x * (boxWidth + columnGap),
          y: margin + boxHeight / 2 + (y + (tallest - keys.length) / 2) * step,
        },
        ...(site === undefined ? {} : { site }),
        address: site === undefined ? links[Number(link)]?.address ?? "" : "",
      });
    })
  );
  return {
    boxes,
    width: 2 * margin + filled.length * boxWidth + Math.max(0, filled.length - 1) * columnGap,
    height: 2 * margin + tallest * boxHeight + (tallest - 1) * rowGap,
  };
}
