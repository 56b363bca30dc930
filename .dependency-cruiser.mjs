// Which modules may import which, types included: `tools/lint.sh` runs it. See "The house" in docs/architecture.md.
import { readdirSync } from "node:fs";

/** What stands beside the plugins in src/resty/openclaw. */
const OTHERS = ["config", "core", "gateway", "http_client", "plugin", "redis_client", "spool"];
const modules = readdirSync(`${import.meta.dirname}/src/resty/openclaw`).map((name) => name.replace(/\.ts$/, ""));
const PLUGINS = [...new Set(modules)].filter((name) => !OTHERS.includes(name)).join("|");
const ROOT = "^src/resty/openclaw";

export default {
    forbidden: [
        {
            name: "no circles",
            severity: "error",
            from: {},
            to: { circular: true },
        },
        {
            name: "core knows nothing above it",
            severity: "error",
            from: { path: `${ROOT}/core/` },
            to: { path: "^src/resty", pathNot: `${ROOT}/(core|config)/` },
        },
        {
            name: "config knows nothing else",
            severity: "error",
            from: { path: `${ROOT}/config/` },
            to: { path: "^src/resty", pathNot: `${ROOT}/config/` },
        },
        {
            name: "no plugin imports another",
            severity: "error",
            from: { path: `${ROOT}/(${PLUGINS})(/|\\.ts$)` },
            to: { path: `${ROOT}/(${PLUGINS})(/|\\.ts$)`, pathNot: `${ROOT}/$1(/|\\.ts$)` },
        },
        {
            name: "plugins know the contract alone of the gateway",
            severity: "error",
            from: { path: `${ROOT}/(${PLUGINS})(/|\\.ts$)` },
            to: { path: `${ROOT}/gateway/`, pathNot: `${ROOT}/gateway/contract\\.ts$` },
        },
    ],
    options: {
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
        doNotFollow: { path: "node_modules" },
        enhancedResolveOptions: { extensions: [".ts", ".d.ts"] },
    },
};
