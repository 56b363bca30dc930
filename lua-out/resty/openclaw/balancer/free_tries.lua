local ____exports = {}
local string_find = string.find
--- Whether nginx calls the balancer again when a kept-alive connection turns out to be closed.
-- 
-- nginx grants a try for each of these. OpenResty from 1.29.2.4 on takes it back: its patch of nginx informs ngx_lua, which
-- subtracts it. There the balancer must request such a try in advance, and so it is also called after other failures that no try is to
-- follow. Source: nginx-1.29.2-balancer_pool_max_retry.patch of OpenResty, and
-- ngx_http_lua_balancer_notify_peer in ngx_lua's ngx_http_lua_balancer.c.
local FIRST_NGINX = 1029002
local FIRST_NGX_LUA = 10030
--- Whether this is such a platform. Phases: any.
local function is_taken_back(nginx_version, ngx_lua_version, arguments_text)
    if nginx_version < FIRST_NGINX or ngx_lua_version < FIRST_NGX_LUA then
        return false
    end
    local place = string_find(arguments_text, "../ngx_lua-", 1, true)
    return place ~= nil
end
____exports.is_taken_back = is_taken_back
--- The present platform; specs change it.
____exports.platform = {takes_back = is_taken_back(
    ngx.config.nginx_version,
    ngx.config.ngx_lua_version,
    ngx.config.nginx_configure()
)}
return ____exports
