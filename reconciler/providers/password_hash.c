#include "providers/password_hash.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "providers/host_secret.h"

/* The library's own memory holds the password too. */
static void release(struct crypt_data *data)
{
    OPENSSL_cleanse(data, sizeof(*data));
    free(data);
}

/* NULL where the setting is of no method that is known here. Part of data. */
static const char *hash_of(const char *password, const char *setting, struct crypt_data *data)
{
    const char *hash = crypt_rn(password, setting, data, sizeof(*data));
    return hash == NULL || hash[0] == '*' ? NULL : hash;
}

bool password_hash_is_of(const char *hash, const struct secret *password)
{
    struct error unused = {0};
    AUTO_WIPED line = NULL;
    struct crypt_data *data = calloc(1, sizeof(*data));
    if (data == NULL || !host_secret_line("", password, &line, &unused)) {
        free(data);
        return false;
    }
    const char *made = hash_of(line, hash, data);
    bool is_same = made != NULL && strlen(made) == strlen(hash) &&
                   CRYPTO_memcmp(made, hash, strlen(hash)) == 0;
    release(data);
    return is_same;
}

bool password_hash_make(const struct secret *password, struct arena *arena, const char **out_hash,
                        struct error *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    AUTO_WIPED line = NULL;
    if (!host_secret_line("", password, &line, err)) {
        return false;
    }
    struct crypt_data *data = calloc(1, sizeof(*data));
    const char *hash = NULL;
    if (data != NULL &&
        crypt_gensalt_rn("$6$", 0, NULL, 0, setting, (int)sizeof(setting)) != NULL) {
        hash = hash_of(line, setting, data);
    }
    if (hash == NULL) {
        (void)error_errno(err, "make the hash of a password");
    } else {
        *out_hash = arena_strdup(arena, hash);
    }
    if (data != NULL) {
        release(data);
    }
    return hash != NULL;
}
