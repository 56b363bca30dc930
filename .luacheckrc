std = "ngx_lua"
-- Generated comments carry trailing white space, generated calls may be long.
files["lua-out"] = { ignore = { "6.." } }
files["spec"] = { std = "ngx_lua+busted", globals = { "arg" }, ignore = { "631" } }
files["demo"] = { ignore = { "631" } }
exclude_files = { "node_modules" }
