/* check_json KEY...   reads JSON Lines from standard input: each line must be an object, or an array of
 * objects, with all the keys; "a.b" is key b of the object a. Numbers must be finite and strings UTF-8, which
 * jansson sees to. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int has(const json_t *object, const char *key)
{
    const char *dot = strchr(key, '.');
    if (!dot)
        return json_object_get(object, key) != NULL;
    char first[64];
    snprintf(first, sizeof first, "%.*s", (int)(dot - key), key);
    return has(json_object_get(object, first), dot + 1);
}

static int check(const json_t *value, int keys, char **key)
{
    if (!json_is_object(value)) {
        fprintf(stderr, "not an object\n");
        return 1;
    }
    for (int i = 0; i < keys; i++)
        if (!has(value, key[i])) {
            fprintf(stderr, "no key '%s'\n", key[i]);
            return 1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    static char line[1 << 20];
    int lines = 0, wrong = 0;
    while (fgets(line, sizeof line, stdin)) {
        json_error_t error;
        json_t *value = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        lines++;
        if (!value) {
            fprintf(stderr, "line %d: %s\n", lines, error.text);
            return 1;
        }
        if (json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); i++)
                wrong += check(json_array_get(value, i), argc - 1, argv + 1);
            wrong += json_array_size(value) == 0;
        } else {
            wrong += check(value, argc - 1, argv + 1);
        }
        json_decref(value);
    }
    return wrong > 0 || lines == 0;
}
