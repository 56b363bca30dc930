/** The version of this release. The main module has it as well, as OPM reads it there. */
export const VERSION = "0.1.0";
