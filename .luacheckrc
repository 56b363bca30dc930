std = "ngx_lua"
-- Generated: trailing white space in comments, unused names of destructuring, comparisons written to refuse NaN.
files["lua-out"] = { ignore = { "6..", "211/____", "212/self", "213/____", "431/____", "423/____", "581" }, read_globals = { ngx = { fields = { run_worker_thread = {} } } } }
-- Specs stub parts of ngx.
files["spec"] = { std = "ngx_lua+busted", globals = { "arg", "spec_balancers", "spec_checks", "spec_digests", "spec_limits", "spec_metrics" }, ignore = { "122", "631" } }
files["demo"] = { ignore = { "631" } }
exclude_files = { "node_modules", "lua-out/resty/openclaw/status/page.lua" }
files["tools"] = { ignore = { "631" } }
