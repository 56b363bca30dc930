// Writes the list of modules into the rockspec, from lua-out: node tools/rockspec.mjs
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const FOLDER = "lua-out";

const files = readdirSync(FOLDER, { recursive: true })
    .filter((file) => file.endsWith(".lua"))
    .sort();
const lines = files.map((file) => {
    const module = file.slice(0, -".lua".length).replaceAll("/", ".");
    return `        ["${module}"] = "${FOLDER}/${file}",\n`;
});
const [rockspec] = readdirSync(".").filter((file) => file.endsWith(".rockspec"));
const text = readFileSync(rockspec, "utf8");
writeFileSync(
    rockspec,
    text.replace(/(modules = \{\n)[^}]*(\n {4}\})/, (_, begin, end) => begin + lines.join("").trimEnd() + end),
);
