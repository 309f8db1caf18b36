# predict: trained weights on pictures.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 1000 200
works train lenet5 data --epochs 1 --out run --quiet
pictures=$CAIRN_TEST_DATA/preprocess
mkdir -p folder/sub
cp "$pictures/gray_233x311.jpg" folder/b.jpg
cp "$pictures/rgb_317x243.png" folder/a.PNG
cp "$pictures/small_40x30.png" folder/sub/c.png
echo text >folder/notes.txt

# Files, folders, lists, standard input.
works predict run folder/b.jpg
has '^folder/b.jpg$' '^  [0-9]  *[0-9.]* %$'
[ "$(wc -l <out)" = 6 ] || fail "not five answers: $(cat out)"
works predict run folder --json --quiet
json file top
[ "$(sed 's/{"file": "\([^"]*\)".*/\1/' out | tr '\n' ' ')" = "folder/a.PNG folder/b.jpg folder/sub/c.png " ] ||
    fail "order of a folder: $(cut -c 1-60 out)"
has '"top": \[{"index": [0-9], "label": "[0-9]", "prob": [0-9.e-]*, "logit": [0-9.e-]*}'
cp out all
works predict run folder --json --quiet --batch 2
cmp -s out all || fail "the batch changes the answers"
printf 'folder/b.jpg\r\n\nfolder/sub/c.png\n' >list.txt
works predict run folder/b.jpg --tune
grep -q '^tuned: ' err || fail "not told: $(cat err)"
works predict run folder/b.jpg --tune --quiet
[ ! -s err ] || fail "not quiet: $(cat err)"
works predict run folder/b.jpg --tune --json --quiet
[ "$(sed -n '2s/"file": "[^"]*", //p' out | tr -d 0-9)" = '{"tune": {"measured": , "read": , "differ": }}' ] || fail "tune: $(cat out)"
works predict run @list.txt --json --quiet
[ "$(wc -l <out)" = 2 ] || fail "list: $(cat out)"
printf '\357\273\277folder/b.jpg' >list.txt
works predict run @list.txt --json --quiet
printf 'folder/b.jpg\0x\n' >list.txt
fails 3 "list.txt: NUL at byte 12" predict run @list.txt
works predict run - --json --quiet <folder/b.jpg
has '^{"file": "-", '
# What is no picture is told by its first bytes: this one would never end.
mkfifo endless
yes >endless &
fails 3 "standard input: is not a JPEG or PNG picture" predict run - <endless

# What enters the network can be seen; dark on light is noticed.
works predict run "$pictures/gray_233x311.jpg" --show-input seen.png
works predict run seen.png
works inspect run --json
fails 2 "both input and output" predict run seen.png --show-input seen.png
fails 2 "one picture" predict run folder --show-input many.png
for exif in on off; do
    works predict run "$pictures/exif6_320x240.jpg" --exif $exif --show-input exif-$exif.png
done
grep -q '"exif":"ignore"' err || fail "the chain without EXIF is not told: $(cat err)"
works predict run "$pictures/exif6_320x240.jpg" --show-input exif.png
grep -q '"exif":"apply"' err || fail "the chain with EXIF is not told: $(cat err)"
cmp -s exif.png exif-on.png || fail "pictures are not turned by default"
cmp -s exif.png exif-off.png && fail "--exif off changes nothing"
"$CAIRN" draw lenet5 -o dark.png --quiet
works predict run dark.png
grep -q 'hint: dark.png is dark on light.*--invert' err || fail "no hint: $(cat err)"
works predict run dark.png --invert
[ ! -s err ] || fail "a hint after --invert: $(cat err)"
works predict run dark.png --preprocess '{"resize":null}' --quiet --json
echo '{"resize_rule":"squash"}' >squash.json
works predict run dark.png --preprocess squash.json --quiet --json
fails 2 "unknown key 'sqash'" predict run dark.png --preprocess '{"sqash":true}'
fails 2 "'filter': expected \"bilinear\".*found \"cubic\"" predict run dark.png --preprocess '{"filter":"cubic"}'
fails 4 "nothere.json" predict run dark.png --preprocess nothere.json

# Failures: the only file, all files, some files.
fails 4 "nothere.png" predict run nothere.png
fails 3 "notes.txt" predict run folder/notes.txt
: >void.png
fails 3 "void.png" predict run void.png
head -c 300 folder/b.jpg >cut.jpg
fails 3 "cut.jpg" predict run cut.jpg
mkfifo pipe.jpg
fails 3 "pipe.jpg: is a pipe" predict run pipe.jpg
ln -s loop.jpg loop.jpg
fails 3 "loop.jpg: .*symbolic links" predict run loop.jpg
fails 4 "nothere.txt" predict run @nothere.txt
mkdir nopictures
fails 3 "nopictures" predict run nopictures
"$CAIRN" predict run nothere.png folder/b.jpg void.png --json >out 2>err
[ $? = 8 ] || fail "some failed: $(cat err)"
json file
grep -c '"error"' out | grep -qx 2 || fail "errors in JSON: $(cat out)"
[ "$(grep -c '^cairn: error: ' err)" = 2 ] || fail "errors told: $(cat err)"
"$CAIRN" predict run nothere.png gone.png >out 2>err
[ $? = 4 ] && [ ! -s out ] || fail "all failed: $(cat out err)"
mkdir mixed
cp folder/b.jpg mixed
printf 'RIFF\000\000\000\000WEBPVP8 ' >mixed/a.webp
"$CAIRN" predict run mixed --json --quiet >out 2>err
[ $? = 8 ] || fail "a picture of another format: $(cat out err)"
grep -q '^cairn: error: mixed/a.webp: \(is a WebP picture\|WebP:\)' err || fail "the format is not told: $(cat err)"
printf '' >nothing.txt
fails 3 "no pictures" predict run @nothing.txt
cp folder/b.jpg "$(printf 'new\nline\033.jpg')"
works predict run "$(printf 'new\nline\033.jpg')" --quiet
has 'new\\x0aline\\x1b.jpg'
works predict run "$(printf 'new\nline\033.jpg')" --json --quiet
json file top
finish
