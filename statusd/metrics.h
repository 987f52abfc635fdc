/* For monitoring: metrics in Prometheus' text format, and the two short answers. */
#pragma once

#include "statusd/request.h"

request_handler metrics_answer;
request_handler health_answer; /* this program answers */
request_handler ready_answer;  /* and has something to show: 503 until a run is recorded */
