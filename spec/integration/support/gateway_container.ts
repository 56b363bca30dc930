import { existsSync, readFileSync } from "node:fs";
import type { StartedTestContainer } from "testcontainers";
import { AbstractStartedContainer, GenericContainer, Wait } from "testcontainers";
import { onTestFailed } from "vitest";
import { CHECKOUT, run } from "./checkout";

export const TRIXIE = "debian:trixie-slim";
export const BOOKWORM = "debian:bookworm-slim";

const PORT = 8080;
const CHECKOUT_LABEL = process.env.OPENCLAW_CHECKOUT ?? "unnamed";

/** By this label tools/integration.sh finds what is left behind. */
export const LABELS = { "openclaw.checkout": CHECKOUT_LABEL };

const images = new Map<string, Promise<string>>();

async function build(tag: string, args: string[]): Promise<string> {
    const label = `openclaw.checkout=${CHECKOUT_LABEL}`;
    // The classic builder: Debian's docker comes without the newer one.
    await run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--quiet", "--label", label, "--tag", tag, ...args, ".");
    return tag;
}

/** Calls `make` for a tag unless that was done before in this process. */
function once(tag: string, make: () => Promise<string>): Promise<string> {
    const image = images.get(tag) ?? make();
    images.set(tag, image);
    return image;
}

function tag_of(kind: string, base: string): string {
    return `openclaw-${kind}:${base.replace(/[^a-z0-9.]+/g, "-")}-${CHECKOUT_LABEL}`;
}

/** Builds the gateway's image on a base, once; resolves with its name. */
export function buildImage(base: string = TRIXIE): Promise<string> {
    const tag = tag_of("gateway", base);
    return once(tag, () => build(tag, ["--file", "docker/Dockerfile", "--build-arg", `BASE_IMAGE=${base}`]));
}

/** Builds an image on a Debian base that has nginx and busted, but nothing of the project, once. */
export function buildSpecsImage(base: string): Promise<string> {
    const tag = tag_of("specs", base);
    return once(tag, async () => {
        const runtime = tag_of("runtime", base);
        const gateway = ["--file", "docker/Dockerfile", "--build-arg", `BASE_IMAGE=${base}`];
        await build(runtime, [...gateway, "--target", "runtime"]);
        return build(tag, ["--file", "docker/specs.Dockerfile", "--build-arg", `RUNTIME_IMAGE=${runtime}`]);
    });
}

/**
 * The gateway in a container. Without a configuration of its own it runs the demo. A configuration listens on port
 * 8080, has its paths relative to the prefix /opt/openclaw, and says nothing of `daemon`.
 *
 *     await using gateway = await new GatewayContainer(await buildImage()).withConfig("demo/nginx.conf").start();
 */
export class GatewayContainer extends GenericContainer {
    private readonly logs: string[] = [];

    constructor(image: string) {
        super(image);
        this.withLabels(LABELS)
            .withExposedPorts(PORT)
            .withWaitStrategy(Wait.forHttp("/", PORT).forStatusCodeMatching(() => true))
            .withStartupTimeout(30_000)
            .withLogConsumer((stream) => stream.on("data", (chunk) => this.logs.push(String(chunk))));
    }

    /** The configuration to run: a path in the project, or the text itself. */
    withConfig(pathOrText: string): this {
        const file = `${CHECKOUT}/${pathOrText}`;
        const isFile = !pathOrText.includes("\n") && existsSync(file);
        return this.withFile("run/nginx.conf", isFile ? readFileSync(file, "utf8") : pathOrText).withCommand([
            "run/nginx.conf",
        ]);
    }

    /** One more file; `target` is relative to /opt/openclaw. */
    withFile(target: string, content: string, mode = 0o644): this {
        return this.withCopyContentToContainer([{ content, target: `/opt/openclaw/${target}`, mode }]);
    }

    override async start(): Promise<StartedGatewayContainer> {
        dumpWhenTestFails(this.logs);
        return new StartedGatewayContainer(await super.start(), this.logs);
    }
}

/** Outside of a test (in beforeAll) there is no single test whose failure could show the logs. */
function dumpWhenTestFails(logs: string[]): void {
    try {
        onTestFailed(() => console.error(`the gateway's log:\n${logs.join("")}`));
    } catch {
        return;
    }
}

export class StartedGatewayContainer extends AbstractStartedContainer {
    constructor(
        started: StartedTestContainer,
        private readonly lines: string[],
    ) {
        super(started);
    }

    /** Where the host reaches a path of the gateway. */
    url(path = "/"): string {
        return `http://${this.getHost()}:${this.getMappedPort(PORT)}${path}`;
    }

    /** All that nginx has written to stdout and stderr so far. */
    log(): string {
        return this.lines.join("");
    }
}
