/** What the parts of the registry have in common. */
import type { Region } from "../../memory/shared_memory";
import type { Counter, Owner } from "../metric_handles";
import type { Buckets } from "../metric_handles/buckets";
import type { AllowList } from "./allow_list";

/** Takes one sample; `labels` is made by `label_text`. */
export type Emit = (this: void, labels: string, value: number) => void;

/** A family whose values are computed when the page is read; see `gauges`. */
export interface Collector {
    readonly name: string;
    readonly kind: "counter" | "gauge";
    readonly help: string;
    /** It may be paused while it emits, so it must not walk a table with `pairs` that others change meanwhile. */
    readonly collect: (this: void, emit: Emit) => void;
}

export interface Registry {
    readonly region: Region;
    readonly families: LuaMap<string, Family<unknown>>;
    readonly collectors: Collector[];
    readonly dict_name: string;
    /** Nothing where the numbers are not shared. */
    readonly dict: ngx.SharedDict | undefined;
    /** Series each family may have before label values become `_other`. */
    most_series: number;
    /** Bytes of the dict that the names of all series may take; nothing for the default (see `room`). */
    most_bytes: number | undefined;
    /** What series of the configuration would have taken that found no room. */
    missing_bytes: number;
    /** When the lack of memory may be logged again. */
    next_line: MonotonicTime;
    /** Values that each label from outside may have before others become `_other`. */
    most_values: number;
    /** Series in which nothing was counted for so long are dropped; 0 for never. */
    idle_seconds: number;
    /** Which labels are kept, by the names of metrics; of others all are. */
    allowed: LuaMap<string, AllowList>;
    /** Called with the name of each held row that was dropped. */
    readonly row_dropped: ((this: void, name: string) => void)[];
    dropped?: Family<Counter>;
    expired?: Family<Counter>;
    misuses?: Family<Counter>;
    /** Series that found no memory. */
    lost?: Counter;
}

export type Kind = "counter" | "gauge" | "histogram";

export interface Family<Bound> extends Owner {
    readonly registry: Registry;
    readonly name: string;
    readonly kind: Kind;
    readonly help: string;
    readonly label_names: readonly string[];
    /** Those of `label_names` that the series have. */
    kept_names: readonly string[];
    /** Where the operator keeps some labels only. */
    allowed: AllowList | undefined;
    /** Whether it counts losses: its few series are created even beyond the limit of memory. */
    is_essential: boolean;
    /** Which labels have values from outside, of which few are kept; nothing for none. */
    outside: LuaSet<string> | undefined;
    readonly bounds: readonly number[];
    /** Of a histogram. */
    readonly buckets: Buckets | undefined;
    /** By label values; begun anew with each epoch of the rows, so that it holds no more than there are series. */
    handles: LuaMap<string, Bound>;
    handles_epoch: number;
    /** The epoch in which no row was left for a new series; none is tried until the next. */
    lost_epoch: number;
    /** When misuse may be logged again. */
    next_line: MonotonicTime;
    /**
     * The handle for these label values, in the order of the family's label names. Phases: any. Past the limit of
     * series the handle is that of the series whose label values are all `_other`. Other than one value for each name
     * is misuse: it raises in init, and later gives a handle that counts nowhere.
     */
    labels(...values: string[]): Bound;
}
