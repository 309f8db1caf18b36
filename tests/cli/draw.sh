# draw: the ending says what is written; nothing is left behind when it cannot be.
. "${0%/*}/common.sh"

for style in volumes strips; do
    for ending in svg pdf png dot; do
        works draw lenet5 -o "$style.$ending" --style $style --quiet
        [ ! -s out ] && [ ! -s err ] || fail "--quiet: $(cat out err)"
    done
    head -c 200 $style.svg | grep -q '<svg' || fail "no SVG"
    head -c 5 $style.pdf | grep -q '%PDF-' || fail "no PDF"
    head -c 4 $style.png | grep -q PNG || fail "no PNG"
    head -n 5 $style.dot | grep -q digraph || fail "no dot"
done
works draw resnet152 -o r.svg
grep -q '>x35</text>' r.svg || fail "no count of repeated blocks"
grep -q '>layer3.1-35</text>' r.svg || fail "no scope of repeated blocks"
works draw resnet152 -o u.svg --unfold
grep -q '>x35</text>' u.svg && fail "folded in spite of --unfold"
[ "$(grep -c '>3x3 conv, 256</text>' u.svg)" = 35 ] || fail "not all blocks with --unfold"
works draw resnet50 -o d.svg --detail
grep -q '>BN</text>' d.svg || fail "no box for normalisation with --detail"
works draw lenet5 -o flow.svg --style flow
works draw inception_v3.keras -o k.svg
grep -q '>mixed5-6</text>' k.svg || fail "no names of Keras' modules"
works draw googlenet --train -o heads.svg
grep -q '>aux2</text>' heads.svg || fail "no auxiliary head"
works draw resnet1001v2 --style strips -o long.png # longer than a picture can be at the usual resolution
works draw alexnet.paper -o towers.svg --style strips
grep -q '5x5 convolution in 2 groups, ReLU, LRN<' towers.svg || fail "no groups among the words of a layer"
works draw lenet5.paper -o paper.svg
grep -q 28 paper.svg || fail "no sizes in the picture"
for format in svg pdf png dot; do
    fails 4 "nowhere" draw lenet5 -o nowhere/net.$format
done
fails 2 "net.gif" draw lenet5 -o net.gif
fails 2 "net" draw lenet5 -o net
fails 2 "style" draw lenet5 -o a.svg --style cubist
mkdir folder.svg
"$CAIRN" draw lenet5 -o folder.svg >out 2>err
case $? in 2 | 3 | 4) ;; *) fail "a folder as output: $(cat err)" ;; esac
ln -s /dev/full full.png
"$CAIRN" draw lenet5 -o full.png >out 2>err
case $? in 2 | 3 | 4) ;; *) fail "a full device as output: $(cat err)" ;; esac
[ -z "$(find . -name '*tmp*')" ] || fail "left behind: $(find . -name '*tmp*')"
finish
