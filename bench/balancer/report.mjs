// Turns what was kept into tables, Markdown that can be read on a terminal as well.
import { geometricMean } from "./figures.mjs";
import { SHAPES } from "./shapes.mjs";

const percent = (share) => `${Math.round(100 * share)} %`;

function table(head, rows) {
    const width = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    const line = (row) => `| ${row.map((text, column) => text.padEnd(width[column])).join(" | ")} |`;
    return [line(head), line(width.map((count) => "-".repeat(count))), ...rows.map(line)].join("\n");
}

const unique = (values) => [...new Set(values)];

/** The results of each shape and kind of work, in the order in which they were run. */
function groups(steady) {
    const names = unique(steady.map(({ shape, work }) => `${shape} ${work}`));
    return names.map((name) => steady.filter(({ shape, work }) => name === `${shape} ${work}`));
}

function showTimes({ mean, p50, p95, p99, errors }) {
    const text = [mean, p50, p95, p99].map((value) => value.toFixed(0)).join(" / ");
    return errors === 0 ? text : `${text} (${(100 * errors).toFixed(errors < 0.01 ? 2 : 0)} % errors)`;
}

function timesTable(steady) {
    const loads = unique(steady.map(({ load }) => load)).sort();
    const rows = groups(steady).flatMap((group) =>
        unique(group.map(({ policy }) => policy)).map((policy) => {
            const at = (load) => group.find((result) => result.policy === policy && result.load === load);
            return [group[0].shape, group[0].work, policy, ...loads.map((load) => showTimes(at(load)))];
        }),
    );
    return table(["nodes", "work", "policy", ...loads.map((load) => `${percent(load)} load`)], rows);
}

const COMPARISONS = [
    ["mean", "least_conn"],
    ["p99", "least_conn"],
    ["mean", "least_conn, true weights"],
    ["p99", "least_conn, true weights"],
    ["p99", "round robin, true weights"],
];

/** What XED has for each load, divided by what the other policy has. */
function ratios(group, figure, other) {
    const of = (policy) => group.filter((result) => result.policy === policy);
    const others = of(other);
    if (others.length === 0) return [];
    return of("openclaw xed").map((result) => result[figure] / others.find(({ load }) => load === result.load)[figure]);
}

const showRatio = (values) => (values.length === 0 ? "" : geometricMean(values).toFixed(2));

function ratioTable(steady) {
    const all = groups(steady);
    const unequal = all.filter(([{ shape }]) => shape !== "equal");
    const rows = COMPARISONS.map(([figure, other]) => [
        `${figure} / ${other}`,
        ...all.map((group) => showRatio(ratios(group, figure, other))),
        showRatio(unequal.flatMap((group) => ratios(group, figure, other))),
    ]);
    return table(["xed", ...all.map(([{ shape, work }]) => `${shape} ${work}`), "A1 and A2"], rows);
}

const showShort = (value) => value.toFixed(value < 10 ? 2 : 0);

const troubleTable = (trouble) =>
    table(
        ["the node of speed 2 in A1, 50 % load", "openclaw xed", "least_conn, true weights"],
        trouble.map(({ figure, xed, weighted }) => [figure, showShort(xed), showShort(weighted)]),
    );

const milliseconds = ({ mean, p99 }) => `${mean.toFixed(1)} ms (p99 ${p99.toFixed(1)})`;

const showMachine = ({ busy, others, sent, answered }) =>
    `processors ${percent(busy)} busy, ${percent(others)} with other things; requests went out ${milliseconds(sent)} late, nodes' answers ${milliseconds(answered)}`;

const batchTable = (batches) =>
    table(
        ["batch", "processors busy", "with other things", "requests late", "nodes' answers late"],
        batches.map(({ title, machine: { busy, others, sent, answered } }) => [
            title,
            percent(busy),
            percent(others),
            milliseconds(sent),
            milliseconds(answered),
        ]),
    );

/** All tables, with what they show. */
function report({ where, batches }) {
    const of = (kind) => batches.filter((batch) => batch.kind === kind).flatMap(({ results }) => results);
    const [steady, trouble] = [of("steady"), of("trouble")];
    const nodes = unique(steady.map(({ shape }) => shape)).map((shape) => `${shape}: ${SHAPES[shape].text}`);
    const parts = [where];
    if (steady.length > 0)
        parts.push(
            `Milliseconds, as mean / p50 / p95 / p99. ${nodes.join(". ")}.`,
            timesTable(steady),
            "What XED takes, divided by what another policy takes; geometric means over the loads:",
            ratioTable(steady),
        );
    if (trouble.length > 0) parts.push("One node in trouble:", troubleTable(trouble));
    parts.push("What the measurement itself did:", batchTable(batches));
    return `${parts.join("\n\n")}\n`;
}

export { report, showMachine };
