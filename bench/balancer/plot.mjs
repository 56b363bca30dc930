// Draws mean and p99 over the load with gnuplot: a row for each shape and figure, a column for each kind of work.
import { execFileSync } from "node:child_process";
import { TIMEOUT_SECONDS } from "./shapes.mjs";
import { WORKS } from "./trace.mjs";

const GREY = "#8a8a8a";
const BLUE = "#2f6fb0";
const GREEN = "#3f9a5f";
/** The gateway's own round_robin and least_conn are points, as they should lie on the lines of nginx's. */
const LINES = {
    "round robin": `with lines lw 3 lc "${GREY}"`,
    "round robin, true weights": `with lines lw 3 dt (12,8) lc "${GREY}"`,
    "random two": `with lines lw 3 lc "${GREEN}"`,
    "random two, true weights": `with lines lw 3 dt (12,8) lc "${GREEN}"`,
    least_conn: `with lines lw 3 lc "${BLUE}"`,
    "least_conn, true weights": `with lines lw 3 dt (12,8) lc "${BLUE}"`,
    "openclaw round_robin": `with points pt 8 ps 2.5 lw 2 lc "${GREY}"`,
    "openclaw least_conn": `with points pt 6 ps 2.5 lw 2 lc "${BLUE}"`,
    "openclaw latency_buckets": 'with linespoints pt 5 ps 1.5 lw 3 lc "#d08a1d"',
    "openclaw consistent_hash": 'with linespoints pt 9 ps 1.8 lw 3 lc "#8a5fb0"',
    "openclaw xed": 'with linespoints pt 7 ps 1.8 lw 5 lc "#c0303a"',
};
const PANELS = ["A1", "A2"].flatMap((shape) =>
    ["mean", "p99"].flatMap((figure) => WORKS.map((work) => ({ shape, figure, work }))),
);
const COLUMNS = 2;
const ROWS = PANELS.length / COLUMNS;
/** Shares of the picture. The lowest part is for the key. */
const [LEFT, RIGHT, TOP, BOTTOM] = [0.075, 0.985, 0.97, 0.11];
const GAP = [0.07, 0.055];

function place(index) {
    const width = (RIGHT - LEFT - GAP[0] * (COLUMNS - 1)) / COLUMNS;
    const height = (TOP - BOTTOM - GAP[1] * (ROWS - 1)) / ROWS;
    const left = LEFT + (index % COLUMNS) * (width + GAP[0]);
    const top = TOP - Math.floor(index / COLUMNS) * (height + GAP[1]);
    return `
        set lmargin at screen ${left}
        set rmargin at screen ${left + width}
        set tmargin at screen ${top}
        set bmargin at screen ${top - height}
    `;
}

/** The same for all panels of a figure. What lies above has lost its balance; how far is for the table to say. */
function range(steady, figure) {
    const least = Math.min(...steady.map((result) => result[figure]));
    return `${0.85 * least}:${Math.min(1100 * TIMEOUT_SECONDS, 45 * least)}`;
}

function panel({ shape, figure, work }, index, steady) {
    const results = steady.filter((result) => result.shape === shape && result.work === work);
    const lines = Object.entries(LINES)
        .map(([policy, style]) => [policy, style, results.filter((result) => result.policy === policy)])
        .filter(([, , points]) => points.length > 0);
    const isLast = index === PANELS.length - 1;
    return `
        ${place(index)}
        set title "${shape}, ${work}: ${figure}, ms"
        set yrange [${range(steady, figure)}]
        ${isLast ? "set key at screen 0.5, screen 0.004 center bottom maxrows 4 Left reverse samplen 3 spacing 1.1" : "unset key"}
        ${lines
            .map(([, , points], line) => {
                const rows = points.map((point) => `${100 * point.load} ${point[figure]}`);
                return `$line_${index}_${line} << END\n${rows.join("\n")}\nEND\n`;
            })
            .join("")}
        plot ${lines.map(([policy, style], line) => `$line_${index}_${line} ${style} title "${policy}"`).join(", ")}
    `;
}

export function plot(steady, file) {
    const script = `
        set terminal pngcairo noenhanced size 1500, 2000 font "DejaVu Sans,19" background "#fafafa"
        set output "${file}"
        set multiplot
        set border 3 lc "#555555"
        set title offset 0, -0.4
        set grid xtics ytics back lt 1 lw 1 lc "#d4d4d4"
        set tics nomirror
        set logscale y
        set xrange [46:99]
        set xtics ("50 %%" 50, "70 %%" 70, "85 %%" 85, "95 %%" 95)
        set ytics (20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10000)
        ${PANELS.map((one, index) => panel(one, index, steady)).join("")}
        unset multiplot
    `;
    // A block of data ends with END at the beginning of a line.
    execFileSync("gnuplot", { input: script, stdio: ["pipe", "inherit", "inherit"] });
}
