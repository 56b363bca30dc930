/** How figures are marked. */

/** How a share of errors is marked. */
export function errorLevel(share: number | null): "warn" | "bad" | undefined {
    if (share === null || share === 0) return undefined;
    return share >= 0.05 ? "bad" : "warn";
}
