/* Answers in the HTTP library's terms. */

#include "statusd/answer.h"

#include <stdint.h>
#include <string.h>

#include "statusd/security.h"

void answer_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value); /* no memory: the answer goes without */
}

enum MHD_Result answer_queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO; /* closes the connection */
    }
    for (const struct header *header = security_headers(); header->name != NULL; header++) {
        answer_header(response, header->name, header->value);
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result answer_refuse(struct MHD_Connection *connection, unsigned status, const char *allow)
{
    static const char body[] = "This request is refused.\n";
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        sizeof(body) - 1, (void *)(uintptr_t)body, NULL);
    if (response != NULL) {
        answer_header(response, "Content-Type", "text/plain; charset=utf-8");
        answer_header(response, "Connection", "close");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED && allow != NULL) {
            answer_header(response, "Allow", allow);
        }
        if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE) {
            answer_header(response, "Retry-After", "60");
        }
    }
    return answer_queue(connection, status, response);
}

static bool accepts_gzip(struct MHD_Connection *connection)
{
    const char *accepted =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
    return accepted != NULL && strstr(accepted, "gzip") != NULL &&
           strstr(accepted, "gzip;q=0") == NULL;
}

enum MHD_Result answer_asset(struct MHD_Connection *connection, const struct asset *asset)
{
    bool is_deflated = accepts_gzip(connection);
    struct str body = is_deflated ? asset->deflated : asset->content;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        body.length, (void *)(uintptr_t)body.data, NULL);
    if (response != NULL) {
        answer_header(response, "Content-Type", asset->type);
        answer_header(response, "Cache-Control", "public, max-age=31536000, immutable");
        answer_header(response, "Vary", "Accept-Encoding");
        if (is_deflated) {
            answer_header(response, "Content-Encoding", "gzip");
        }
    }
    return answer_queue(connection, MHD_HTTP_OK, response);
}
