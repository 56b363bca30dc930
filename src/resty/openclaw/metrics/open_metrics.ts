/**
 * The text format of OpenMetrics, version 1.0.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import type { Buffer } from "string.buffer";
import type { Kind } from "../core/metrics/metric_registry";
import { float_text } from "../core/metrics/metric_registry/number_text";

export const content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
export const media_type = "application/openmetrics-text";
export const version = "1.0.0";
export const ending = "# EOF\n";

/** Units that stand at the end of the names of families. */
const UNITS = ["seconds", "bytes"];

/**
 * What a counter's family is called: by its name without `_total`. Nothing when it has no such name, or when the family
 * would take a name that another has: such a counter can only be shown as something of an unknown type.
 */
function counter_family(name: string, is_taken: (this: void, name: string) => boolean): string | undefined {
    const [stem] = string.match(name, "^(.+)_total$");
    if (stem === undefined || is_taken(stem) || is_taken(`${stem}_created`)) return undefined;
    return stem;
}

function unit_of(family: string): string | undefined {
    for (const unit of UNITS) {
        if (string.sub(family, -unit.length - 1) === `_${unit}`) return unit;
    }
    return undefined;
}

/** The lines TYPE, UNIT (where the name ends in one) and HELP. Phases: any. */
export function head(
    text: Buffer,
    name: string,
    kind: Kind,
    help: string,
    is_taken: (this: void, name: string) => boolean,
): void {
    let family: string | undefined = name;
    if (kind === "counter") family = counter_family(name, is_taken);
    const shown = family ?? name;
    text.put("# TYPE ", shown, " ", family === undefined ? "unknown" : kind, "\n");
    const unit = unit_of(shown);
    if (unit !== undefined) text.put("# UNIT ", shown, " ", unit, "\n");
    const escaped = string.gsub(help, '[\\\n"]', { "\\": "\\\\", "\n": "\\n", '"': '\\"' })[0];
    text.put("# HELP ", shown, " ", escaped, "\n");
}

/** The bounds as floating-point numbers, which the format wants in this one place. Phases: any. */
export function bounds(texts: readonly string[]): readonly string[] {
    const floats: string[] = [];
    for (const text of texts) floats.push(float_text(tonumber(text)!));
    return floats;
}
