/** Small pictures of what a node is, in a square of 24 by 24, drawn with strokes. */
const drawings = {
  router: 'M3 12h18M7 8l-4 4 4 4M17 8l4 4-4 4M12 3v6M12 15v6',
  cloud: 'M7 18a4 4 0 0 1-.6-7.95A6 6 0 0 1 18 9.5 4.3 4.3 0 0 1 17.5 18z',
  globe: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01',
  cube: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
  plug: 'M5 12h4M15 12h4M9 8h6v8H9z',
} as const;

export type GlyphName = keyof typeof drawings;

/** Grafana's names of icons, and the kinds of nodes, that mean one of these pictures. */
const meanings: Readonly<Record<string, GlyphName>> = {
  router: 'router',
  sitemap: 'router',
  exporter: 'router',
  'code-branch': 'router',
  'exchange-alt': 'router',
  cloud: 'cloud',
  as: 'cloud',
  network: 'cloud',
  globe: 'globe',
  country: 'globe',
  server: 'server',
  database: 'server',
  host: 'server',
  desktop: 'server',
  laptop: 'server',
  'file-blank': 'server',
  cube: 'cube',
  docker: 'cube',
  workload: 'cube',
  namespace: 'cube',
  interface: 'plug',
  plug: 'plug',
  link: 'plug',
};

const paths = new Map<GlyphName, Path2D>();

/** The picture for a name of an icon; undefined where there is none. */
export function glyphOf(icon: string): Path2D | undefined {
  const name = meanings[icon.toLowerCase()];
  if (name === undefined) return undefined;
  let path = paths.get(name);
  if (path === undefined) paths.set(name, (path = new Path2D(drawings[name])));
  return path;
}
