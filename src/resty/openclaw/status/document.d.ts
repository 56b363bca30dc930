/**
 * The status document: what `GET /openclaw/status` answers. The gateway writes it and the dashboard reads it by these types, so
 * that neither can rename a field without the other. docs/status.md says what each field means. null: not known.
 */

/** Responses by class of status code. */
export interface Answers {
    "1xx": number;
    "2xx": number;
    "3xx": number;
    "4xx": number;
    "5xx": number;
    other: number;
}

export interface NodeStatus {
    address: string;
    state: string;
    /** Why it gets no requests; null where it gets them. */
    reason: string | null;
    /** Until it is tried again. */
    seconds_left: number | null;
    weight: number;
    drain: boolean;
    effective_weight: number | null;
    in_flight: number;
    service_seconds: number | null;
    concurrency: number | null;
    tries: number | null;
    answers: Answers | null;
    recent: {
        requests_per_second: number | null;
        error_share: number | null;
        mean_seconds: number | null;
    };
    /** The oldest first. */
    seconds: (number | null)[] | null;
}

/** One class of a waiting room. */
export interface RoomClassStatus {
    name: string;
    weight: number;
    waiting: number;
    size: number;
    /** Those that got a place. */
    requests_per_second: number | null;
    p95_wait_seconds: number | null;
    refused_per_second: number | null;
}

/** A waiting room: the option `queue` of an upstream. */
export interface RoomStatus {
    concurrency: number;
    learned: boolean;
    changed: boolean;
    taken: number;
    classes: RoomClassStatus[];
}

export interface UpstreamStatus {
    degraded: boolean | null;
    queue: RoomStatus | null;
    nodes: NodeStatus[];
}

export interface ModelStatus {
    prompt_tokens: number;
    completion_tokens: number;
    recent: {
        prompt_tokens_per_second: number | null;
        completion_tokens_per_second: number | null;
        answer_tokens_per_second_p50: number | null;
        first_token_p95_seconds: number | null;
    };
}

export interface RouteFigures {
    requests: Answers | null;
    request_bytes: number | null;
    response_bytes: number | null;
    cache_saved_seconds: number | null;
    recent: {
        requests_per_second: number | null;
        error_share: number | null;
        p50_seconds: number | null;
        p95_seconds: number | null;
        p99_seconds: number | null;
        first_byte_p95_seconds: number | null;
        cache_hit_share: number | null;
    };
    models: Record<string, ModelStatus> | null;
}

export interface RouteStatus extends RouteFigures {
    variants: Record<string, RouteFigures> | null;
    /** What each plugin says of itself: an object, or null. */
    plugins: Record<string, unknown>;
}

export interface EdgeStatus {
    link: "up" | "down" | null;
    pending: number | null;
    done: number | null;
    failed: number | null;
    oldest_seconds: number | null;
    stored_bytes: number | null;
    results: Record<string, number>;
}

/** A route with the plugin image. The numbers of requests and bytes are those since nginx started. */
export interface ImageStatus {
    /** Conversions that run now, and requests that wait for one. */
    running: number | null;
    waiting: number | null;
    /** Requests whose images were converted, and those that got an error instead. */
    converted: number;
    refused: number;
    /** Of the images, as they came and as they went on. */
    bytes_in: number;
    bytes_out: number;
    /** Of the bytes; below 0 where images became larger. */
    saved_share: number | null;
    recent: {
        converted_per_second: number | null;
        refused_per_second: number | null;
    };
}

export interface QueueStatus {
    queued: number | null;
    queued_bytes: number | null;
    /** null for queues in memory. */
    spool_bytes: number | null;
    sent: number | null;
    retries: number | null;
    dropped: Record<string, number>;
}

export interface FaultStatus {
    plugin: string;
    kind: string;
    count: number;
}

export interface LostMetrics {
    dropped_labels: number | null;
    lost_series: number | null;
    misuse: number | null;
    expired_series: number | null;
}

/** How much of something is in use, and how much is free. */
export interface Usage {
    used: number;
    free: number;
}

export interface Memory {
    slots: Usage | null;
    bytes: Usage | null;
}

export interface Connections {
    active: number;
    reading: number;
    writing: number;
    waiting: number;
}

export interface StatusDocument {
    version: string;
    /** In seconds since 1970, as `started`. */
    time: number;
    started: number | null;
    workers: number;
    /** Which worker answers, and for how long it has run. */
    worker: { pid: number; seconds: number };
    connections: Connections | null;
    window_seconds: number;
    upstreams: Record<string, UpstreamStatus>;
    routes: Record<string, RouteStatus>;
    edges: Record<string, EdgeStatus>;
    images: Record<string, ImageStatus>;
    queues: Record<string, QueueStatus>;
    faults: FaultStatus[];
    metrics: LostMetrics;
    memory: Memory;
}
