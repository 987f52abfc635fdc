/* Repositories whose objects are written byte by byte, so that they may hold what Git itself would
 * refuse. Every call fails the running test when it does not succeed. */
#pragma once

#include <string.h>

#include <git2.h>

#include "base/text.h"
#include "support/folder.h"

struct test_repository {
    struct arena *arena;
    const char *path;
    git_repository *repository;
    git_odb *objects;
};

static inline struct test_repository test_repository_make(const struct test_folder *folder,
                                                          const char *name)
{
    struct test_repository made = {
        folder->arena, arena_printf(folder->arena, "%s/%s", folder->path, name), NULL, NULL};
    assert_true(git_libgit2_init() > 0);
    assert_int_equal(git_repository_init(&made.repository, made.path, 1), 0);
    assert_int_equal(git_repository_odb(&made.objects, made.repository), 0);
    return made;
}

static inline void test_repository_free(struct test_repository *made)
{
    git_odb_free(made->objects);
    git_repository_free(made->repository);
    (void)git_libgit2_shutdown();
}

static inline git_oid test_object(const struct test_repository *made, git_object_t type,
                                  struct str content)
{
    git_oid id;
    assert_int_equal(git_odb_write(&id, made->objects, content.data, content.length, type), 0);
    return id;
}

static inline git_oid test_blob(const struct test_repository *made, const char *content)
{
    return test_object(made, GIT_OBJECT_BLOB, str_of(content));
}

struct test_entry {
    const char *mode; /* "100644", "40000", "120000", "160000" */
    const char *name;
    git_oid id;
};

/* In the order given. */
static inline git_oid test_tree(const struct test_repository *made,
                                const struct test_entry *entries, size_t count)
{
    struct text out = text_make(made->arena);
    for (size_t i = 0; i < count; i++) {
        text_addf(&out, "%s %s", entries[i].mode, entries[i].name);
        text_add_str(&out, (struct str){"", 1});
        text_add_str(&out, (struct str){(const char *)entries[i].id.id, GIT_OID_RAWSZ});
    }
    return test_object(made, GIT_OBJECT_TREE, text_str(&out));
}

static inline const char *test_hex(const struct test_repository *made, git_oid id)
{
    return arena_strdup(made->arena, git_oid_tostr_s(&id));
}

/* parent may be NULL. */
static inline git_oid test_commit(const struct test_repository *made, git_oid tree,
                                  const git_oid *parent, const char *message)
{
    struct text out = text_make(made->arena);
    text_line(&out, "tree %s", test_hex(made, tree));
    if (parent != NULL) {
        text_line(&out, "parent %s", test_hex(made, *parent));
    }
    text_line(&out, "author Ada \033[31m <ada@example.com> 1700000000 +0100");
    text_line(&out, "committer Ada <ada@example.com> 1700000100 +0100\n");
    text_add(&out, message);
    return test_object(made, GIT_OBJECT_COMMIT, text_str(&out));
}

/* A commit of the one file a.yaml with this content. */
static inline git_oid test_simple_commit(const struct test_repository *made, const git_oid *parent,
                                         const char *content)
{
    struct test_entry entry = {"100644", "a.yaml", test_blob(made, content)};
    return test_commit(made, test_tree(made, &entry, 1), parent, content);
}

static inline void test_branch(const struct test_repository *made, const char *branch, git_oid id)
{
    git_reference *reference = NULL;
    const char *name = arena_printf(made->arena, "refs/heads/%s", branch);
    assert_int_equal(git_reference_create(&reference, made->repository, name, &id, 1, NULL), 0);
    git_reference_free(reference);
}

/* What such a test begins with: a folder, and an empty repository in it. The first member of its
 * own struct. */
struct git_fixture {
    struct test_folder *folder;
    struct test_repository made;
};

/* size: of the test's own struct, which is zeroed but for its first member. */
static inline void *git_fixture_make(size_t size)
{
    void *folder = NULL;
    assert_int_equal(test_folder_setup(&folder), 0);
    struct git_fixture *fixture = arena_alloc(((struct test_folder *)folder)->arena, size);
    fixture->folder = folder;
    fixture->made = test_repository_make(folder, "repo.git");
    return fixture;
}

static inline int git_fixture_teardown(void **state)
{
    struct git_fixture *fixture = *state;
    void *folder = fixture->folder;
    test_repository_free(&fixture->made);
    return test_folder_teardown(&folder);
}
