std = "ngx_lua"
-- Generated: trailing white space in comments, unused names of destructuring, comparisons written to refuse NaN.
files["lua-out"] = { ignore = { "6..", "211/____", "213/____", "581" } }
files["spec"] = { std = "ngx_lua+busted", globals = { "arg", "spec_balancers", "spec_digests", "spec_metrics" }, ignore = { "631" } }
files["demo"] = { ignore = { "631" } }
exclude_files = { "node_modules" }
