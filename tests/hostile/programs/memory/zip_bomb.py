# threat: + zip-bomb
# does: unpacks a small archive that holds a large file
# structured: finished memory_limit
# judged: finished raised
# stdio: memory_limit
# verdict: memory_limit
# unjailed: exit_code reached
import io
import zipfile


def f(x):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file, file.open("bomb", "w") as member:
        for _ in range(96):
            member.write(bytes(1 << 20))
    content = zipfile.ZipFile(archive).read("bomb")
    print("REACHED", len(content), flush=True)
