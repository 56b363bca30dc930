/** Which release this is. The main module says it too, as OPM looks for it there. */
export const VERSION = "0.1.0";
