---@meta

-- The tables of options that users write, from the sources. Written by tools/annotations.lua: do not edit.

---@class openclaw.HealthCheck
---@field type? "http"|"tcp" `tcp`: a node that takes a connection passes
---@field uri? string path and query of the GET request
---@field interval? number seconds from the start of one check of a node to the start of the next
---@field jitter? number the share of the interval by which each wait is shorter or longer, at random
---@field timeout? number seconds after which a check fails, whatever the node does; may exceed the interval
---@field fails? integer failures in a row that take a node down
---@field passes? integer passes in a row that bring it back
---@field status? any the statuses that pass: `200`, `"200-299,401"`, `{ 200, "300-399" }`
---@field body? string plain text that must stand in the first 64 KiB of the answer's body
---@field port? integer where the check goes instead; a unix socket has no port, and is itself asked
---@field host? string the `Host` header; `localhost` for a unix socket
---@field ssl? boolean whether nodes are asked over TLS
---@field ssl_verify? boolean whether a certificate must be trusted (by `lua_ssl_trusted_certificate`) and have the name
---@field ssl_server_name? string the name for SNI and for the certificate of all nodes

---@class openclaw.Dns
---@field servers? any at most 8: `"10.0.0.2"`, `"10.0.0.2:5353"`, `"fd00::2"` or `"[fd00::2]:5353"`
---@field timeout? number seconds to wait for a server's answer
---@field attempts? integer how often a question is asked, each time of the next server
---@field least_seconds? number an answer holds so long at least, whatever its TTL
---@field most_seconds? number and so long at most; `least_seconds` or more
---@field ipv6? boolean whether to ask for AAAA records too

---@class openclaw.Upstream
---@field nodes (string|table)[] addresses (`"10.0.1.10:8000"`, `"[::1]:8000"`, `"unix:/path"`), names, or tables of one of these and more
---@field policy? "xed"|"round_robin"|"least_conn"|"latency_buckets"|"consistent_hash" how the node of a request is chosen, see Policies
---@field buckets? any for `latency_buckets`: `{ below_seconds = 2, weight = 3 }`, rising; above the last one the weight is 1
---@field hash_on? string for `consistent_hash`: the variable to hash, such as `"$arg_user"`
---@field load_factor? number for `consistent_hash`: how many times its fair share a node may have in flight
---@field signal? "auto"|"ttfb"|"total" when a request counts as done: `ttfb`, with the first byte of its response; `total`, with the last byte; `auto`, with the first byte of a streamed response and the last byte of any other
---@field host? "client"|"node" which name nodes get as `Host`, see The name of nodes
---@field tries? integer maximum number of tries per request, over all nodes
---@field busy_statuses? any[] status codes by which a node says that it is overloaded; the list replaces the default, `{ 429, 503 }` has both; see Busy nodes
---@field failure_statuses? any[] status codes that count as a failure of the node, see Failures
---@field retry_share? number maximum share of the traffic that may be retries
---@field panic_share? number when a smaller share of the nodes is up, all nodes are tried
---@field fallback? string the upstream that takes over, see Fallback: in `setup` its name, else another balancer
---@field health_check? openclaw.HealthCheck active checks of each node, see Health checks
---@field dns? openclaw.Dns how names are looked up, see Nodes from the DNS

---@class openclaw.Route.edge
---@field store string absolute path of the folder for this route's jobs; each route has its own
---@field through any URL of a listener of this gateway, to which deliveries are sent: `"http://127.0.0.1:PORT"`, `"http://[::1]:PORT"`, `"http://localhost:PORT"` or `"http://unix:/PATH"`
---@field methods? string[] methods of the requests that are stored
---@field headers? string[] request headers that are stored, instead of these; `Authorization` and `Cookie` only if they are listed; `Host`, the request id and the trace always
---@field max_body_bytes? integer maximum length of a request body
---@field max_bytes? integer maximum size of the waiting jobs on disk; their responses may take as much again
---@field max_jobs? integer maximum number of waiting jobs
---@field client_share? number maximum share of `max_jobs` and `max_bytes` for one client; 1 if all requests come from one address, such as that of a single camera or of a proxy
---@field max_age_seconds? number seconds after which an undelivered job expires
---@field keep_seconds? number seconds for which a response is kept
---@field max_answer_bytes? integer maximum length of a response; 4096 or more below `max_bytes`
---@field reserve_bytes? integer room on the disk that is reserved for responses; 0 for none
---@field rate? number maximum number of deliveries started per second
---@field concurrency? integer maximum number of concurrent deliveries; each may hold a response in memory
---@field max_tries? integer number of deliveries that end with 408, 429 or 5xx, or that the gateway itself did not answer within `timeout_seconds`; then the job ends with the last response, or with `no_answer` if the last delivery had none
---@field attempts? integer number of deliveries that reached the other end and got no response from it while the link was up; then the job ends with `job_failed`
---@field timeout_seconds? number timeout of one delivery, including the time to send a large body over the link; longer than the location's `proxy_read_timeout`
---@field callback_hosts? string[] hosts to which clients may have responses sent, by callbacks: `"app.example"` or `"app.example:8443"`
---@field callback_plain? boolean whether callbacks may be sent without TLS
---@field thread_pool? string the `thread_pool` of nginx that syncs files to disk
---@field fall? integer number of attempts without a response that take the link down
---@field rise? integer number of responses in a row that bring the link up again
---@field probe_seconds? number seconds between two attempts that are let through while the link is down
---@field dict? string the `lua_shared_dict` of the metrics and of the link's state

---@class openclaw.Route.deadline
---@field seconds? number seconds for requests that come without a deadline
---@field most_seconds? number maximum seconds of a request, whatever its header says
---@field skew_seconds? number tolerance for a deadline without `sent`
---@field connect_seconds? number the location's `proxy_connect_timeout`, which nginx does not tell; the default is that of `proxy.conf`
---@field send_seconds? number its `proxy_send_timeout`, likewise
---@field read_seconds? number its `proxy_read_timeout`, likewise
---@field dict? string the `lua_shared_dict` of the metrics

---@class openclaw.Route.identity.sign
---@field key_file string the file of the key
---@field subject string the variable that holds the caller, without `$`; see below
---@field trusted? boolean your word that clients cannot set that variable, which permits any; see below

---@class openclaw.Route.identity.tell
---@field subject string the variable that holds the caller, without `$`; see below
---@field trusted? boolean your word that clients cannot set that variable, which permits any; see below

---@class openclaw.Route.identity
---@field accept? "signed"|"mutual_tls" which identities are accepted from the gateway before this one: signed ones, or those that come over a connection with a client certificate
---@field key_files? string[] with `"signed"`: the files of the accepted keys
---@field max_age_seconds? number with `"signed"`: maximum difference between the time of a signature and this machine's clock, in both directions
---@field peers? string[] with `"mutual_tls"`: the subjects of the accepted certificates, as `$ssl_client_s_dn` shows them
---@field sign? openclaw.Route.identity.sign signs the identity for the next gateway
---@field tell? openclaw.Route.identity.tell sends the identity without a signature, for a next gateway that accepts `"mutual_tls"`
---@field required? boolean whether requests without an identity are refused
---@field dict? string the `lua_shared_dict` of the metrics

---@class openclaw.Route.image_check
---@field formats? ("jpeg"|"png"|"gif"|"webp"|"bmp"|"tiff")[] accepted formats
---@field dict? string the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself

---@class openclaw.Route.body_digest
---@field algorithm? "md5"|"sha256" the digest, and so the variable: `$request_body_md5` or `$request_body_sha256`
---@field max_bytes? integer maximum length of a body that is digested
---@field credentials? "bypass"|"key" whether requests with credentials bypass the cache, or have them in their key
---@field key_variables? string[] more variables for the key of the cache, without `$`
---@field dict? string the `lua_shared_dict` of the metrics; without such a dict each worker counts for itself

---@class openclaw.Route.inference
---@field include_usage? boolean the gateway asks for the usage of each stream; see below
---@field max_body_bytes? integer larger request bodies are left as they are; only with `include_usage`
---@field dict? string the `lua_shared_dict` of the metrics

---@class openclaw.Route.slow_log
---@field seconds? number requests that take so long, or longer, are slow

---@class openclaw.Route
---@field upstream? string one of `upstreams`: where `balance()` without a name sends the route's requests
---@field edge? openclaw.Route.edge keeps the route working while its link is down
---@field deadline? openclaw.Route.deadline ends requests whose client no longer waits
---@field identity? openclaw.Route.identity passes the identity of the caller from one gateway to the next; without it `X-OpenClaw-Identity` is removed from requests
---@field image_check? openclaw.Route.image_check accepts images only, by the first bytes of the body
---@field body_digest? openclaw.Route.body_digest digests of request bodies, and the key of the cache
---@field inference? openclaw.Route.inference token figures of responses; the location needs `inference.conf`
---@field metrics? boolean count the route's requests
---@field record? boolean send a record of each request to every sink of `log`
---@field slow_log? false|openclaw.Route.slow_log `false`: no slow log; `{ seconds = 60 }`: other seconds than in `log`
---@field plugins? table[] your own plugins: tables with methods named as phases; see plugins

---@class openclaw.Setup.metrics
---@field dict? string the `lua_shared_dict` to use; `nginx.metric` always uses `openclaw`
---@field max_series? integer maximum number of combinations of label values each metric may have; later ones count as `_other`
---@field max_bytes? integer maximum size of the names of all series in the `lua_shared_dict`; past it, new combinations of label values count as `_other`; the error log says so if the series at the start take it all
---@field max_values? integer maximum number of values of each label that comes from outside (`model`, `finish_reason`; `variant` there and in the slow log); later ones count as `_other`
---@field idle_seconds? number seconds after which a series that no worker has counted in is dropped; 0: never
---@field labels? table which labels of which metrics are kept; all of those that are not named here; see below
---@field buckets? any[] upper bounds of the built-in histograms, in seconds, at most 48
---@field route? string the label `route` of what `log` counts
---@field token? string 16 to 4096 bytes of printable ASCII without blanks: who shows it may come from anywhere
---@field token_file? string a file that holds the token instead, which not all users may read; read at init, so a reload takes a new one

---@class openclaw.Setup.admin
---@field prefix? string the path of the location, as clients send it
---@field token? string 16 to 4096 bytes of printable ASCII without blanks: who shows it may come from anywhere
---@field token_file? string a file that holds the token instead, which not all users may read; read at init, so a reload takes a new one
---@field dict? string the `lua_shared_dict` of the metrics

---@class openclaw.Setup.status
---@field token? string 16 to 4096 bytes of printable ASCII without blanks: who shows it may come from anywhere
---@field token_file? string a file that holds the token instead, which not all users may read; read at init, so a reload takes a new one
---@field dict? string the `lua_shared_dict` of the metrics

---@class openclaw.Setup
---@field upstreams? table<string, openclaw.Upstream> name → the options of a balancer, without `name` and `dict`
---@field routes? table<string, openclaw.Route> name → what a route does, below
---@field log? table where records go, and what is slow; see post_action
---@field metrics? openclaw.Setup.metrics the options of metrics
---@field admin? openclaw.Setup.admin the options of admin, without `upstreams`
---@field status? openclaw.Setup.status the options of status, without `upstreams` and `routes`
---@field plugins? openclaw.Declaration[] your own plugins, each of which routes may have by its name
