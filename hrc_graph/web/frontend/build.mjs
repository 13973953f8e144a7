// Bundles src/ into ../static/built/: the scripts, the land of the world map, the licences of what is in them.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { feature } from "topojson-client";

const out = new URL("../static/built/", import.meta.url);
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const { outputFiles, metafile } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/studio.ts", "src/near.ts"], outdir: "built",
  bundle: true, minify: true, write: false, metafile: true,
  format: "esm", target: "es2022", charset: "utf8", legalComments: "none", logLevel: "error",
});

// Land without borders, in tenths of a degree: [[longitude, latitude, longitude, latitude, …], …], one list a ring.
const atlas = JSON.parse(read("node_modules/world-atlas/land-110m.json"));
const shapes = feature(atlas, atlas.objects.land).features.flatMap((each) => each.geometry.coordinates);
const land = shapes.flat().map((ring) => ring.flat().map((degrees) => Math.round(degrees * 10) / 10));

const names = {};
for (const [name, text] of [["studio.js", outputFiles[0].text], ["near.js", outputFiles[1].text], ["land.json", JSON.stringify(land)]]) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  names[name] = name.replace(".", `-${hash}.`);
  writeFileSync(new URL(names[name], out), text);
}
writeFileSync(new URL("names.json", out), JSON.stringify(names));

const used = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
const packages = [...new Set([...used.filter(Boolean), "world-atlas"])].sort();
const licences = packages.map((name) => {
  const folder = `node_modules/${name}/`;
  const { version, license } = JSON.parse(read(folder + "package.json"));
  const file = readdirSync(new URL(folder, import.meta.url)).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version} (${license})\n\n${file ? read(folder + file).trim() : "No licence file."}\n`;
});
const natural = "The land of the map is Natural Earth's, in the public domain.\n";
writeFileSync(new URL("licences.txt", out), [natural, ...licences].join(`\n${"-".repeat(72)}\n\n`));
