/* An account with an authority: RFC 8555, section 7.3. */

#include <fcntl.h>
#include <string.h>

#include "acme/base64url.h"
#include "acme/directory.h"
#include "acme/jws.h"
#include "acme/verbs.h"

/* An authority that has lost its memory refuses every nonce once (RFC 8555, section 6.5). */
enum { TRIES = 10, GOOD = 200, CREATED = 201 };

struct registration {
    struct web *web;
    struct arena *arena;
    EVP_PKEY *key;
    const char *url; /* newAccount */
    const char *nonce_url;
    const char *payload;
};

/* The key of the customer signs the public key of the account. NULL with err filled. */
static json_t *bind(const struct registration *registration, const char *id, const char *key,
                    struct error *err)
{
    struct str bytes = {0};
    struct arena *arena = registration->arena;
    AUTO_JSON public = jws_public(registration->key, arena);
    char *payload = public == NULL ? NULL : json_dumps(public, JSON_COMPACT | JSON_SORT_KEYS);
    if (payload == NULL || !base64url_read(arena, key, &bytes) || bytes.length == 0) {
        free(payload);
        (void)error_set(err, ERROR_FORMAT, "the key of the binding is no base64url");
        return NULL;
    }
    const char *binding = jws_authenticate(
        bytes, json_pack("{s:s, s:s}", "kid", id, "url", registration->url), payload, arena, err);
    free(payload);
    return binding == NULL ? NULL : json_loads(binding, 0, NULL);
}

static bool write_payload(struct registration *registration, const struct question *question,
                          struct error *err)
{
    const char *email = json_string_value(json_object_get(question->asked, "email"));
    const char *id = json_string_value(json_object_get(question->asked, "id"));
    AUTO_JSON account = json_pack("{s:b}", "termsOfServiceAgreed", 1);
    if (email != NULL) {
        const char *address = arena_printf(registration->arena, "mailto:%s", email);
        (void)json_object_set_new(account, "contact", json_pack("[s]", address));
    }
    if (id != NULL && question->secret != NULL) {
        json_t *binding = bind(registration, id, question->secret, err);
        if (binding == NULL) {
            return false;
        }
        (void)json_object_set_new(account, "externalAccountBinding", binding);
    }
    char *text = json_dumps(account, JSON_COMPACT);
    registration->payload = text == NULL ? NULL : arena_strdup(registration->arena, text);
    free(text);
    return registration->payload != NULL || error_set(err, ERROR_SYSTEM, "out of memory");
}

static bool get_nonce(const struct registration *registration, const char **nonce,
                      struct error *err)
{
    struct web_answer answer = {0};
    const struct web_request request = {.url = registration->nonce_url,
                                        .timeout_ms = DIRECTORY_TIMEOUT_MS};
    if (!web_ask(registration->web, &request, registration->arena, &answer, err)) {
        return false;
    }
    *nonce = answer.nonce;
    return *nonce != NULL || error_set(err, ERROR_REFUSED, "the authority gives out no nonce");
}

static bool post(const struct registration *registration, const char *nonce,
                 struct web_answer *out_answer, struct error *err)
{
    struct arena *arena = registration->arena;
    json_t *header = json_pack("{s:o?, s:s, s:s}", "jwk", jws_public(registration->key, arena),
                               "nonce", nonce, "url", registration->url);
    const char *text = jws_sign(registration->key, header, registration->payload, arena, err);
    const struct web_request request = {
        .url = registration->url, .posted = text, .timeout_ms = DIRECTORY_TIMEOUT_MS};
    return text != NULL && web_ask(registration->web, &request, arena, out_answer, err);
}

static bool is_bad_nonce(const json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    return type != NULL && strcmp(type, "urn:ietf:params:acme:error:badNonce") == 0;
}

static json_t *ask(const struct registration *registration, struct error *err)
{
    const char *nonce = NULL;
    for (int i = 0; i < TRIES; i++) {
        struct web_answer answer = {0};
        if ((nonce == NULL && !get_nonce(registration, &nonce, err)) ||
            !post(registration, nonce, &answer, err)) {
            return NULL;
        }
        if (answer.status == GOOD || answer.status == CREATED) {
            return json_pack("{s:s*}", "account", answer.location);
        }
        json_t *problem = json_loadb(answer.body.data, answer.body.length, 0, NULL);
        if (problem == NULL) {
            (void)error_set(err, ERROR_REFUSED, "the authority answers HTTP %ld", answer.status);
            return NULL;
        }
        if (!is_bad_nonce(problem)) {
            return json_pack("{s:o}", "problem", problem);
        }
        json_decref(problem);
        nonce = answer.nonce;
    }
    (void)error_set(err, ERROR_REFUSED, "the authority takes none of its nonces");
    return NULL;
}

json_t *verb_register(const struct question *question, struct arena *arena, struct error *err)
{
    const char *url = json_string_value(json_object_get(question->asked, "directory"));
    AUTO_WEB web = web_open(err);
    AUTO_JSON directory = web == NULL ? NULL : directory_read(web, url, arena, NULL, err);
    AUTO_KEY key = directory == NULL ? NULL : jws_account_key(AT_FDCWD, arena, err);
    struct registration registration = {
        .web = web,
        .arena = arena,
        .key = key,
        .url = directory_at(directory, "newAccount"),
        .nonce_url = directory_at(directory, "newNonce"),
    };
    if (key == NULL) {
        return NULL;
    }
    if (registration.url == NULL || registration.nonce_url == NULL) {
        (void)error_set(err, ERROR_REFUSED, "%s opens no accounts", url);
        return NULL;
    }
    return write_payload(&registration, question, err) ? ask(&registration, err) : NULL;
}
