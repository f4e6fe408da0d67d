//! The Python process: started once, and asked for one fit at a time, so that its peers take turns with the others.

use crate::data::Work;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// worker.py, waiting for requests; the protocol is told there.
pub struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    /// Of the interpreter.
    pub version: String,
}

/// One fit.
pub struct Fitted {
    pub seconds: f64,
    /// Of the processor, on all its cores.
    pub busy: f64,
    pub iterations: i64,
}

impl Worker {
    /// `python` is the interpreter; files for it are written into `folder`.
    pub fn start(python: &str, folder: &Path) -> Result<Worker, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/worker.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the Python interpreter does not run ({error})"))?;
        let (requests, answers) = (process.stdin.take(), process.stdout.take());
        let mut worker = Worker {
            process,
            requests: requests.expect("it is piped"),
            answers: BufReader::new(answers.expect("it is piped")),
            folder: folder.into(),
            version: String::new(),
        };
        worker.version = worker.answer()?.remove(0);
        Ok(worker)
    }

    fn answer(&mut self) -> Result<Vec<String>, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("the Python process ended".into());
        }
        let mut words = line.trim_end_matches('\n').split('\t').map(String::from);
        match words.next().as_deref() {
            Some("ok") => Ok(words.collect()),
            _ => Err(words.collect::<Vec<_>>().join(" ")),
        }
    }

    fn ask(&mut self, request: &[&str]) -> Result<Vec<String>, String> {
        let line = request.join("\t") + "\n";
        let sent = self.requests.write_all(line.as_bytes());
        sent.map_err(|error| format!("the Python process ended ({error})"))?;
        self.answer()
    }

    /// Name and version of a peer, which is loaded by this.
    pub fn peer(&mut self, name: &str) -> Result<String, String> {
        Ok(self.ask(&["version", name])?.remove(0))
    }

    /// Hands over the data.
    pub fn load(&mut self, work: &Work) -> Result<(), String> {
        let points = self.write("points", &work.points)?;
        let start = self.write("start", &work.start)?;
        let [n, d, k] = [work.n, work.d, work.k].map(|size| size.to_string());
        self.ask(&["load", &points, &start, &n, &d, &k])?;
        for file in [points, start] {
            std::fs::remove_file(file).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn file(&self, name: &str) -> String {
        let name = format!("{name}-{}.raw", std::process::id());
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, values: &[f64]) -> Result<String, String> {
        let file = self.file(name);
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        std::fs::write(&file, bytes).map_err(|error| error.to_string())?;
        Ok(file)
    }

    /// Fits `repeats` times; the times are those of one.
    pub fn fit(
        &mut self,
        peer: &str,
        iterations: i64,
        threads: usize,
        repeats: usize,
    ) -> Result<Fitted, String> {
        let numbers = [iterations as usize, threads, repeats].map(|number| number.to_string());
        let answer = self.ask(&["fit", peer, &numbers[0], &numbers[1], &numbers[2]])?;
        let number = |at: usize| -> Result<f64, String> {
            let word = answer.get(at).ok_or("a short answer")?;
            word.parse().map_err(|_| format!("{word} is not a number"))
        };
        Ok(Fitted {
            seconds: number(0)?,
            busy: number(1)?,
            iterations: number(2)? as i64,
        })
    }

    /// Draws starting centers by scikit-learn's k-means++; seconds.
    pub fn seed(&mut self, seed: u32, threads: usize) -> Result<f64, String> {
        let answer = self.ask(&["seed", &seed.to_string(), &threads.to_string()])?;
        let word = answer.first().ok_or("a short answer")?;
        word.parse()
            .map_err(|_| format!("{word} is not a number of seconds"))
    }

    /// The centers that were drawn last.
    pub fn seeds(&mut self) -> Result<Vec<f64>, String> {
        let file = self.file("seeds");
        self.ask(&["seeds", &file])?;
        read_doubles(&file)
    }

    /// Real data by name: dimensions, and the points, row after row.
    pub fn sample(&mut self, name: &str) -> Result<(usize, Vec<f64>), String> {
        let file = self.file("sample");
        let answer = self.ask(&["sample", name, &file])?;
        let d = answer.get(1).and_then(|word| word.parse().ok());
        let d = d.ok_or("an answer without a dimension")?;
        Ok((d, read_doubles(&file)?))
    }

    /// The labels of the last fit.
    pub fn labels(&mut self) -> Result<Vec<i32>, String> {
        let file = self.file("labels");
        self.ask(&["labels", &file])?;
        let bytes = std::fs::read(&file).map_err(|error| error.to_string())?;
        std::fs::remove_file(&file).map_err(|error| error.to_string())?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|&word| i32::from_ne_bytes(word)).collect())
    }
}

/// A file's numbers; the file is gone then.
fn read_doubles(file: &str) -> Result<Vec<f64>, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    std::fs::remove_file(file).map_err(|error| error.to_string())?;
    let (words, _) = bytes.as_chunks::<8>();
    Ok(words.iter().map(|&word| f64::from_ne_bytes(word)).collect())
}

impl Drop for Worker {
    /// It ends when nobody can ask any more; a process that does not is a defect, and is not left behind.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
