# What takes more than a line is a script in tools/. Variables to set on the command line:
#   NGINX_BIN=/path   the nginx to use (never NGINX: nginx itself reads an environment variable of that name)
#   ARGS="..."        options for busted (spec), vitest (integration) or the benchmarks (bench, bench-balancer)
export NGINX_BIN ARGS
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.PHONY: help build committed lint docs spec integration bench bench-balancer screenshot check run test

help: ## Show the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r target text; do \
	    printf '  make %-15s %s\n' "$$target" "$$text"; done

build: ## Compile src to lua-out
	@tools/build.sh

committed: # Fails when lua-out is not what the last commit holds
	@tools/committed.sh

lint: ## Check the style of everything: TypeScript, Lua, shell
	@tools/lint.sh

docs: ## Write the tables of options in docs anew, from src
	@tools/docs.sh

spec: ## Run the specs inside an nginx worker
	@tools/spec.sh

integration: ## Run what needs several processes or containers
	@tools/integration.sh $(ARGS)

bench: ## Measure what the gateway costs
	@test -x bench/run.sh || { echo 'there is no bench/run.sh' >&2; exit 1; }
	@bench/run.sh $(ARGS)

bench-balancer: ## Compare the balancing policies with nginx's own, on simulated nodes: 25 minutes, or ARGS=--quick
	@tools/setup.sh bench
	@node bench/balancer.mjs $(ARGS)

screenshot: ## Take docs/dashboard.png anew, from nodes under load: 6 minutes
	@tools/setup.sh
	@OPENCLAW_SCREENSHOT=docs/dashboard.png node_modules/.bin/vitest run --config spec/integration/vitest.config.ts

check: build committed lint spec ## All that needs no container

run: ## Start the demo gateway on http://127.0.0.1:8080
	@tools/run.sh

test: ## Install what is missing, then run everything
	@tools/test.sh
