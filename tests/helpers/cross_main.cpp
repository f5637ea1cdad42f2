// Runs a job of tests/helpers/cross.py on kernels that are linked to this text and to kernels/host/driver.cpp: reads a
// file of 64-bit words and arrays, runs the launches on the arrays, and writes the file again.
#include <stdio.h>

namespace {
struct Order {
    long long bytes, arrays, launches, steps, workers, flush;
};
struct Argument {
    long long is_array, value;  // an array's place in the file; the bytes of a number
};

int fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

void run(char *file, const Order &order)
{
    long long *word = (long long *)(file + sizeof(Order));
    Launch *list = (Launch *)calloc(order.launches, sizeof(Launch));
    for (int i = 0; i < order.launches; i++) {
        list[i].entry = ENTRIES[*word++];
        long long n = *word++;
        list[i].args = (void **)calloc(n, sizeof(void *));
        for (int k = 0; k < n; k++, word += 2) {
            Argument &argument = *(Argument *)word;
            if (argument.is_array) argument.value = (long long)(file + argument.value);
            list[i].args[k] = &argument.value;
        }
    }
    Team *team = order.workers > 1 ? make_team((int)order.workers, 0.0) : nullptr;
    run_steps(team, list, (int)order.launches, order.steps, (int)order.flush, nullptr);
    if (team) end_team(team);
}
}  // namespace

int main(int, char **words)
{
    FILE *stream = fopen(words[1], "r+b");
    Order order;
    if (!stream || fread(&order, sizeof order, 1, stream) != 1) return fail("there is no job");
    char *file = (char *)aligned_alloc(64, order.bytes);
    rewind(stream);
    if (!file || (long long)fread(file, 1, order.bytes, stream) != order.bytes) return fail("the job is cut off");
    run(file, order);
    rewind(stream);
    if ((long long)fwrite(file, 1, order.bytes, stream) != order.bytes || fclose(stream)) return fail("cannot write");
    return 0;
}
