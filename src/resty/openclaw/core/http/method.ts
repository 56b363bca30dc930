/** What is known of the methods of requests. */

const WITHOUT_BODY = new LuaSet<string>();
for (const method of ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]) WITHOUT_BODY.add(method);

/** Whether requests with that method have no body as a rule: RFC 9110, section 9.3. Phases: any. */
export function may_be_empty(method: string): boolean {
    return WITHOUT_BODY.has(method);
}
