/* Pairs on disk. DIRECTORY (the item's) is a link to .versions/NAME/VERSION beside it, a folder
 * that holds fullchain.pem and key.pem and never changes; VERSION is made from the content. So a
 * reader sees one pair or the other, never the certificate of one with the key of the other. */
#pragma once

#include "base/file.h"
#include "model/host.h"
#include "providers/pair.h"
#include "providers/place.h"

enum pair_file { PAIR_CHAIN, PAIR_KEY, PAIR_INFO, PAIR_FILE_COUNT };

/* What stands at a directory. */
struct stored_pair {
    const char *instead; /* something that is not our link, in words; else NULL */
    const char *version; /* of the link; NULL: there is none */
    const struct certificate_pair *description; /* NULL: it cannot be read, problem says why */
    struct pair *pair;    /* the leaf and its key; NULL when is_known. Released by the caller. */
    struct error problem; /* of reading the pair */
    mode_t key_mode;
    bool is_known; /* nothing changed since pair_store_record: described from memory */
    struct file_fingerprint link;
    struct file_fingerprint files[PAIR_FILE_COUNT];
    int64_t read_at_ns;
};

enum pair_reading { PAIR_RECALL /* where it is known */, PAIR_READ /* in any case */ };

/* Nothing there is no error: instead and version are NULL. */
bool pair_store_read(struct places *places, const char *directory, enum pair_reading reading,
                     struct stored_pair *out, struct error *err) MUST_CHECK;
/* The whole chain with the key, whatever is remembered of it; the caller releases it. NULL with err
 * filled, also where there is none. */
struct pair *pair_store_load(struct places *places, const char *directory, const char **out_version,
                             struct error *err);
/* Where the versions of a directory stand: ".versions/NAME" beside it. */
const char *pair_store_versions(const char *directory, struct arena *arena);
/* Remembers that the pair, which was read, is as wanted. */
void pair_store_record(struct places *places, const char *directory,
                       const struct stored_pair *stored);

/* The version that this pair would get. */
bool pair_store_version(const struct pair *pair, struct arena *arena, const char **out_version,
                        struct error *err) MUST_CHECK;
/* Whose certificate and key are. */
struct pair_access {
    mode_t mode; /* of both */
    struct file_owner owner;
};
/* Writes the folder of a version, which nothing refers to yet and nobody has synced. access: NULL:
 * they are ours, and the key 0600. */
bool pair_store_write(struct places *places, const char *directory, const struct pair *pair,
                      const struct pair_access *access, const char **out_version,
                      struct error *err) MUST_CHECK;
/* Makes the key of the version that the link names readable for us alone. */
bool pair_store_protect(struct places *places, const char *directory, const char *version,
                        struct error *err) MUST_CHECK;
/* Lets the link name it, by one rename. Syncs of the contents come before, of the link after. */
bool pair_store_switch(struct places *places, const char *directory, const char *version,
                       struct error *err) MUST_CHECK;
/* Removes all versions but these two, which may be NULL. */
bool pair_store_prune(struct places *places, const char *directory, const char *current,
                      const char *previous, struct error *err) MUST_CHECK;
/* Removes link and versions. What is not ours stays. */
bool pair_store_remove(struct places *places, const char *directory, struct error *err) MUST_CHECK;
