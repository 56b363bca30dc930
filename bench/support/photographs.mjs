// Pictures that are as hard to decode as photographs: soft shapes of several sizes in all colors, and the noise of a sensor.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Pixels of a shape, and how much it changes the brightness. */
const SHAPES = { 1024: 70, 128: 40, 16: 15 };

/** Makes a JPEG at that path: so many pixels, noise of that strength, and quality. Returns its bytes. */
export function photograph(folder, name, { width, height, noise, quality, seed }) {
    const work = join(folder, "parts");
    const vips = (...words) => execFileSync("vips", words.map(String), { cwd: work });
    mkdirSync(work);
    const bands = [0, 1, 2].map((band) => {
        const number = 10 * seed + band;
        const parts = Object.entries(SHAPES).map(([pixels, strength]) => {
            vips("perlin", "shape.v", width, height, "--cell-size", pixels, "--seed", number);
            vips("linear", "shape.v", `${pixels}.v`, strength, 0);
            return `${pixels}.v`;
        });
        vips("gaussnoise", "noise.v", width, height, "--mean", 128, "--sigma", noise, "--seed", number);
        vips("sum", [...parts, "noise.v"].join(" "), `band${band}.v`);
        return `band${band}.v`;
    });
    vips("bandjoin", bands.join(" "), "float.v");
    vips("cast", "float.v", "numbers.v", "uchar");
    vips("copy", "numbers.v", "colors.v", "--interpretation", "srgb");
    vips("jpegsave", "colors.v", join(folder, name), "--Q", quality);
    rmSync(work, { recursive: true });
    return readFileSync(join(folder, name));
}
