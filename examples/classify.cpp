// classify WEIGHTS PICTURE: the five best classes of a picture, in C++17. Everything frees itself.
#include <cairn/cairn.h>
#include <cstdio>
#include <memory>
#include <vector>

template <auto free> struct deleter {
    template <class T> void operator()(T *object) const
    {
        free(object);
    }
};
using context = std::unique_ptr<cairn_ctx, deleter<cairn_ctx_destroy>>;
using classifier = std::unique_ptr<cairn_classifier, deleter<cairn_classifier_close>>;

int main(int argc, char **argv)
{
    cairn_ctx *made = nullptr;
    cairn_classifier *opened = nullptr;
    if (argc != 3 || cairn_ctx_create(nullptr, &made) != CAIRN_OK) {
        std::fprintf(stderr, "usage: classify WEIGHTS PICTURE\n");
        return CAIRN_USAGE;
    }
    context ctx(made);
    cairn_status status = cairn_classifier_open(ctx.get(), argv[1], nullptr, nullptr, 1, &opened);
    classifier net(opened);
    if (status == CAIRN_OK) {
        std::vector<float> scores(static_cast<size_t>(cairn_classifier_about(net.get())->classes));
        std::vector<cairn_class_score> best(5);
        status = cairn_classifier_run_file(net.get(), argv[2], scores.data());
        if (status == CAIRN_OK)
            best.resize(static_cast<size_t>(cairn_classifier_best(net.get(), scores.data(), 5, best.data())));
        for (size_t i = 0; status == CAIRN_OK && i < best.size(); i++)
            std::printf("%6.2f %%  %s\n", 100.0 * best[i].prob, best[i].label);
    }
    if (status != CAIRN_OK)
        std::fprintf(stderr, "classify: %s\n", cairn_error(ctx.get()));
    return status;
}
