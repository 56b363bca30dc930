/** Charts without axes: a line, and a colour below it. */
import uPlot from "uplot";

/** A colour of the style sheet, as it is now: light or dark. */
function colour(name: string): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const drawn = new Set<Sparkline>();

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const sparkline of drawn) sparkline.redraw();
});

const WIDTH = 150;
const HEIGHT = 28;

/** The last minutes of one figure, as a line. */
export class Sparkline {
    private readonly plot: uPlot;
    private shown = "";

    constructor(private readonly parent: HTMLElement) {
        this.plot = new uPlot(
            {
                width: WIDTH,
                height: HEIGHT,
                padding: [3, 2, 2, 2],
                cursor: { show: false },
                legend: { show: false },
                axes: [{ show: false }, { show: false }],
                scales: {
                    x: { time: false },
                    y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
                },
                series: [
                    {},
                    {
                        stroke: () => colour("--accent"),
                        fill: () => colour("--accent-soft"),
                        width: 1.5,
                        points: { show: true, size: 3, fill: () => colour("--accent"), filter: lonely },
                    },
                ],
            },
            [[], []],
            parent,
        );
        drawn.add(this);
    }

    show(points: readonly (number | null)[]): void {
        // A node that was removed takes its chart with it.
        for (const other of drawn)
            if (other !== this && !other.parent.isConnected && other.shown !== "") other.destroy();
        const text = points.join();
        if (text === this.shown) return;
        this.shown = text;
        this.plot.setData([points.map((_, place) => place), [...points]]);
    }

    redraw(): void {
        this.plot.redraw(false);
    }

    private destroy(): void {
        drawn.delete(this);
        this.plot.destroy();
    }
}

/** The points without a neighbour, which no line connects. */
function lonely(plot: uPlot, series: number): number[] {
    const values = plot.data[series] ?? [];
    const found: number[] = [];
    values.forEach((value, place) => {
        const isAlone = (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null;
        if (value !== null && value !== undefined && isAlone) found.push(place);
    });
    return found;
}
