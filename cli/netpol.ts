#!/usr/bin/env node
/** The `netpol` command under the ending of its sources. `netpol.js` starts sooner, since Node has no types to strip there. */
import "./netpol.js";
