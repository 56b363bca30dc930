NGINX_BIN   ?= $(or $(shell which openresty),$(shell which nginx))
# Debian ships the Lua module as loadable objects; OpenResty has it built in.
LUA_MODULES := $(if $(findstring openresty,$(NGINX_BIN)),,$(wildcard $(addprefix /usr/lib/nginx/modules/,ndk_http_module.so ngx_http_lua_module.so)))
SCRATCH     := $(or $(TMPDIR),/tmp)/openclaw-spec-$(shell printf %s '$(CURDIR)' | cksum | cut -d' ' -f1)

help: ## Show the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST)

build: ## Compile src to lua-out
	rm -rf lua-out
	npx tstl
	@test ! -e lua-out/lualib_bundle.lua || { echo 'src uses a TypeScript feature that needs lualib'; exit 1; }

lint: ## Check src, the generated Lua and the specs
	npx prettier --check .
	npx eslint .
	luacheck --quiet lua-out spec

spec: ## Run the specs inside a real nginx worker; busted options go in ARGS
	@rm -rf $(SCRATCH) && mkdir -p $(SCRATCH)/spec && chmod 755 $(SCRATCH)
	@cp -r lua-out nginx .busted $(SCRATCH) && cp -r spec/*.lua spec/*.conf spec/support spec/http spec/locations spec/balancer $(SCRATCH)/spec
	@cd $(SCRATCH) && BUSTED_ARGS='$(ARGS)' timeout 300 $(NGINX_BIN) -e stderr -p $(SCRATCH) -c $(SCRATCH)/spec/nginx.conf \
	    -g '$(foreach module,$(LUA_MODULES),load_module $(module);)'

.PHONY: help build lint spec
