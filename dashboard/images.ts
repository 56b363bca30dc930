/** What routes with the plugin image have converted. */
import type { ImageStatus } from "../src/resty/openclaw/status/document.d.ts";
import * as format from "./format.ts";
import { errorLevel } from "./level.ts";
import { Section } from "./section.ts";
import type { Column } from "./table.ts";

interface ImageRow {
    route: string;
    image: ImageStatus;
}

/** How many of the latest requests were refused; null where there were none. */
function refusedShare({ recent: { converted_per_second, refused_per_second } }: ImageStatus): number | null {
    const all = (converted_per_second ?? 0) + (refused_per_second ?? 0);
    return all === 0 ? null : (refused_per_second ?? 0) / all;
}

const COLUMNS: Column<ImageRow>[] = [
    { field: "route", title: "Route", isText: true, cell: ({ route }) => ({ text: route, value: route }) },
    {
        field: "converted_per_second",
        title: "Converted/s",
        cell: ({ image: { recent, converted } }) => ({
            text: format.rate(recent.converted_per_second),
            value: recent.converted_per_second,
            title: `${format.count(converted)} in all`,
        }),
    },
    {
        field: "refused_per_second",
        title: "Refused/s",
        cell: ({ image }) => ({
            text: format.rate(image.recent.refused_per_second),
            value: image.recent.refused_per_second,
            level: errorLevel(refusedShare(image)),
            title: `${format.count(image.refused)} in all`,
        }),
    },
    {
        field: "running",
        title: "Running",
        cell: ({ image: { running } }) => ({ text: format.count(running), value: running }),
    },
    {
        field: "waiting",
        title: "Waiting",
        cell: ({ image: { waiting } }) => ({ text: format.count(waiting), value: waiting }),
    },
    {
        field: "bytes_in",
        title: "Size in",
        cell: ({ image: { bytes_in } }) => ({ text: format.bytes(bytes_in), value: bytes_in }),
    },
    {
        field: "bytes_out",
        title: "Size out",
        cell: ({ image: { bytes_out } }) => ({ text: format.bytes(bytes_out), value: bytes_out }),
    },
    {
        field: "saved_share",
        title: "Saved",
        cell: ({ image: { saved_share } }) => ({ text: format.share(saved_share), value: saved_share }),
    },
];

export class Images {
    private readonly section = new Section<ImageRow>("images", "Images", COLUMNS);
    readonly root = this.section.root;

    show(images: Record<string, ImageStatus>): void {
        this.section.show(Object.entries(images).map(([route, image]) => ({ key: route, row: { route, image } })));
    }
}
