/**
 * Prometheus' text format, version 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Buffer } from "string.buffer";
import type { Kind } from "../core/metrics/metric_registry";

export const content_type = "text/plain; version=0.0.4; charset=utf-8";
export const media_type = "text/plain";
export const version = "0.0.4";
export const ending = "";

/** The lines HELP and TYPE. Phases: any. */
export function head(text: Buffer, name: string, kind: Kind, help: string): void {
    const escaped = string.gsub(help, "[\\\n]", { "\\": "\\\\", "\n": "\\n" })[0];
    text.put("# HELP ", name, " ", escaped, "\n# TYPE ", name, " ", kind, "\n");
}

/** The bounds as they are. Phases: any. */
export function bounds(texts: readonly string[]): readonly string[] {
    return texts;
}
