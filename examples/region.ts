/** A plugin that accepts requests from some regions only. A header names the region. See docs/plugins.md. */
import * as metric_registry from "resty.openclaw.core.metrics.metric_registry";
import * as json_error from "resty.openclaw.core.request.json_error";
import type { Context, Values } from "resty.openclaw.plugin";
import { define, kind, option, required } from "resty.openclaw.plugin";

const SCHEMA = {
    allowed: required(kind.list_of(kind.text), "the accepted regions"),
    dict: option(kind.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

/** Makes the plugin of one route, from valid options. Phases: init. */
function create(options: Values<typeof SCHEMA>, { route }: Context) {
    const allowed = new LuaSet<string>();
    for (const region of options.allowed) allowed.add(region);
    const registry = metric_registry.open(options.dict);
    const help = "Requests rejected because of their region.";
    const rejected = metric_registry.counter(registry, "region_rejected_total", help, ["route"]).labels(route);
    /** In this worker. */
    let last_rejected: string | undefined;
    return {
        /** Rejects requests from other regions. Phases: access. */
        access(): void {
            const region = ngx.var.http_x_region ?? "";
            if (allowed.has(region)) return;
            last_rejected = region;
            rejected.inc();
            json_error.respond(403, "region_not_allowed", "This service does not answer requests from your region.");
        },
        /** What the status page shows of it. Phases: content. */
        status() {
            return { allowed: options.allowed, last_rejected };
        },
    };
}

export const plugin = define({
    name: "region",
    meaning: "accepts requests from some regions only",
    // After identity, before checks.
    order: { access: 350 },
    schema: SCHEMA,
    create,
});
