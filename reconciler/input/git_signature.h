/* Who signed a commit: SSH signatures are verified by ssh-keygen against a list of allowed signers,
 * OpenPGP signatures by gpgv against a keyring. Both programs are asked about this one text; no
 * agent, no key server, no configuration of a user takes part. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

struct git_revision; /* input/load_git.h: where the commit is */

struct git_signers {
    const char *ssh;     /* path of the allowed signers file; or NULL */
    const char *openpgp; /* path of the keyring; or NULL */
};

/* Stands for what the files say now: a commit that was verified by the same digest need not be
 * verified again. NULL when neither file is named. */
bool git_signers_digest(struct arena *arena, const struct git_signers *signers,
                        const char **out_digest, struct error *err) MUST_CHECK;

/* True when the commit bears a signature of one of them that is valid now; *out_signer tells whose,
 * for people. ERROR_REFUSED: it does not. */
bool git_signature_verify(struct arena *arena, const struct git_revision *from, const char *commit,
                          const struct git_signers *signers, const char **out_signer,
                          struct error *err) MUST_CHECK;
