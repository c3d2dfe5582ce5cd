"""The bare thing to compare with: FastAPI and pydantic that read a grade request and send it back, nothing else."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Body(BaseModel):
    item: dict[str, Any]
    sample: dict[str, Any]
    run: dict[str, Any]


@app.get("/healthz")
async def healthz() -> None: ...


@app.post("/echo")
async def echo(body: Body) -> Body:
    return body


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
